/**
 * The contract's imports as the component's bindings provide them: the only modules that exist inside a component.
 * Adapters use {@link Host} instead.
 */

declare module "jackfield:crm/http@0.2.0" {
  interface Header {
    name: string;
    value: string;
  }
  /** Throws an object whose `payload` is `{ tag, val }`. */
  export function send(request: { method: string; url: string; headers: Header[]; body: Uint8Array }): {
    status: number;
    headers: Header[];
    body: Uint8Array;
  };
}

declare module "jackfield:crm/settings@0.2.0" {
  export function get(name: string): string | undefined;
}

declare module "jackfield:crm/credentials@0.2.0" {
  /** Throws an object whose `payload` is `{ tag: "unknown-credential" }`. */
  export function hmacSha256(name: string, bytes: Uint8Array): Uint8Array;
}

declare module "jackfield:crm/log@0.2.0" {
  export function write(
    level: "debug" | "info" | "warn" | "error",
    message: string,
    fields: { name: string; value: string }[],
  ): void;
}

declare module "jackfield:crm/dates@0.2.0" {
  /** Throws an object whose `payload` is `{ tag: "unknown-zone" | "invalid-time" }`. */
  export function instant(local: string, zone: string): string;
  /** Throws as `instant` does. */
  export function local(instant: string, zone: string): string;
}

declare module "jackfield:crm/phones@0.2.0" {
  /** Throws an object whose `payload` is `{ tag: "not-a-number" | "no-country" | "not-in-plan" }`. */
  export function normalize(number: string): string;
}
