/**
 * What an adapter says of itself, built in the order in which a person would say it.
 *
 * @module
 */

/** The type that a setting's value must have; the host checks it when a release is made. */
export type SettingKind = "text" | "integer" | "boolean" | "url";

/** A setting that a tenant's file gives under `[settings]`. */
export interface Setting {
  name: string;
  kind: SettingKind;
  required: boolean;
  doc: string;
}

/** The kinds of credential that a tenant's file can give. */
export type CredentialKind = "bearer" | "basic" | "header" | "hmac";

/** A credential that a tenant's file gives under `[[credentials]]`. */
export interface Credential {
  name: string;
  kind: CredentialKind;
  doc: string;
}

/** What an adapter is and needs. Start it with {@link describe}; every method answers a new description. */
export class Description {
  /** The adapter's name: `[a-z][a-z0-9-]*`, at most 64 characters; the one in `adapter.toml`. */
  readonly name: string;
  /** Its version, `MAJOR.MINOR.PATCH` with an optional `-suffix`. */
  readonly version: string;
  /** What the settings are. */
  readonly settings: readonly Setting[] = [];
  /** Which credentials are needed. */
  readonly credentials: readonly Credential[] = [];
  /** Names of the `url` settings whose origins the adapter calls. */
  readonly origins: readonly string[] = [];
  /** Whether writing the same disposition twice with the same key leaves one record. */
  readonly hasIdempotentWrites: boolean = false;

  private constructor(name: string, version: string) {
    this.name = name;
    this.version = version;
  }

  /** An adapter that needs nothing yet. */
  static of(name: string, version: string): Description {
    return new Description(name, version);
  }

  /**
   * A required setting that holds the URL of a CRM that the adapter calls. The tenant's `[egress]` must grant its
   * origin. The host hands it over without a trailing slash.
   */
  origin(name: string, doc: string): Description {
    return this.with({ origins: [...this.origins, name] }).required(name, "url", doc);
  }

  /** A setting without which no release can be made. */
  required(name: string, kind: SettingKind, doc: string): Description {
    return this.with({ settings: [...this.settings, { name, kind, required: true, doc }] });
  }

  /** A setting that a tenant may leave out. */
  optional(name: string, kind: SettingKind, doc: string): Description {
    return this.with({ settings: [...this.settings, { name, kind, required: false, doc }] });
  }

  /** A credential that the tenant's file must give. The host adds it to requests; only `hmac` is asked for by name. */
  credential(name: string, kind: CredentialKind, doc: string): Description {
    return this.with({ credentials: [...this.credentials, { name, kind, doc }] });
  }

  /** Says that the CRM itself keeps one record for each key, so that the host may repeat an unknown write. */
  idempotentWrites(): Description {
    return this.with({ hasIdempotentWrites: true });
  }

  private with(change: Partial<Description>): Description {
    return Object.assign(new Description(this.name, this.version), this, change);
  }
}

/** Begins a {@link Description}. */
export function describe(name: string, version: string): Description {
  return Description.of(name, version);
}
