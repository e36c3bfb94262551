/**
 * An adapter's description of itself.
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

/** What an adapter is and needs. Create one with {@link describe}; every method returns a new description. */
export class Description {
  /** The adapter's name: `[a-z][a-z0-9-]*`, at most 64 characters; the one in `adapter.toml`. */
  readonly name: string;
  /** Its version, `MAJOR.MINOR.PATCH` with an optional `-suffix`. */
  readonly version: string;
  /** The settings that it reads. */
  readonly settings: readonly Setting[] = [];
  /** The credentials that it needs. */
  readonly credentials: readonly Credential[] = [];
  /** Names of the `url` settings whose origins the adapter uses. */
  readonly origins: readonly string[] = [];
  /** Whether writing the same disposition twice with the same key leaves one record. */
  readonly hasIdempotentWrites: boolean = false;

  private constructor(name: string, version: string) {
    this.name = name;
    this.version = version;
  }

  /** A description without settings and credentials. */
  static of(name: string, version: string): Description {
    return new Description(name, version);
  }

  /**
   * A required setting that holds the URL of a CRM that the adapter uses. The tenant's `[egress]` must grant its
   * origin. The host passes it without a trailing slash.
   */
  origin(name: string, doc: string): Description {
    return this.with({ origins: [...this.origins, name] }).required(name, "url", doc);
  }

  /** A setting that every release must have. */
  required(name: string, kind: SettingKind, doc: string): Description {
    return this.with({ settings: [...this.settings, { name, kind, required: true, doc }] });
  }

  /** A setting that a tenant may leave out. */
  optional(name: string, kind: SettingKind, doc: string): Description {
    return this.with({ settings: [...this.settings, { name, kind, required: false, doc }] });
  }

  /** A credential that the tenant's file must give. The host adds it to requests; only `hmac` is used by name. */
  credential(name: string, kind: CredentialKind, doc: string): Description {
    return this.with({ credentials: [...this.credentials, { name, kind, doc }] });
  }

  /**
   * Declares that the CRM itself stores one record per key, so that the host may repeat a write with an unknown
   * outcome.
   */
  idempotentWrites(): Description {
    return this.with({ hasIdempotentWrites: true });
  }

  private with(change: Partial<Description>): Description {
    return Object.assign(new Description(this.name, this.version), this, change);
  }
}

/** Creates a {@link Description}. */
export function describe(name: string, version: string): Description {
  return Description.of(name, version);
}
