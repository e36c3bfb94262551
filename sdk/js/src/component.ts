/**
 * Turns an {@link Adapter} into the exports of a component. The build's entry file calls {@link component}; an adapter
 * never does.
 *
 * A `Failure` that is thrown becomes the contract's failure. Anything else is a fault: its stack goes to standard
 * error, with the message that the host shows as the last line, and the instance is discarded.
 *
 * @module
 */

import * as credentials from "jackfield:crm/credentials@0.2.0";
import * as dates from "jackfield:crm/dates@0.2.0";
import * as http from "jackfield:crm/http@0.2.0";
import * as log from "jackfield:crm/log@0.2.0";
import * as phones from "jackfield:crm/phones@0.2.0";
import * as settings from "jackfield:crm/settings@0.2.0";

import type { Adapter } from "./adapter.ts";
import type { DateError } from "./date.ts";
import { Failure } from "./failure.ts";
import { report } from "./fault.ts";
import { Host, type Imports } from "./host.ts";
import type { Sent, TransportError } from "./http.ts";
import type { PhoneError } from "./phone.ts";
import * as wire from "./wire.ts";

const imports: Imports = {
  send(request): Sent {
    try {
      return { answer: http.send(request) };
    } catch (thrown) {
      return { error: payload(thrown) as TransportError };
    }
  },
  setting: (name) => settings.get(name),
  hmacSha256(name, bytes) {
    try {
      return credentials.hmacSha256(name, bytes);
    } catch (thrown) {
      payload(thrown);
      return undefined;
    }
  },
  log(level, message, fields) {
    log.write(level, message, Object.entries(fields).map(([name, value]) => ({ name, value })));
  },
  now: () => new Date(),
  instant: (local, zone) => converted<DateError>(() => dates.instant(local, zone)),
  local: (instant, zone) => converted<DateError>(() => dates.local(instant, zone)),
  normalize: (number) => converted<PhoneError>(() => phones.normalize(number)),
};

/** What the host made of a text, or the name of the contract's error. */
function converted<E extends string>(convert: () => string): { text: string } | { error: E } {
  try {
    return { text: convert() };
  } catch (thrown) {
    return { error: (payload(thrown) as { tag: E }).tag };
  }
}

/** The contract's error in what an import threw; rethrows anything else. */
function payload(thrown: unknown): unknown {
  if (typeof thrown === "object" && thrown !== null && "payload" in thrown) return thrown.payload;
  throw thrown;
}

/** Runs a function of the adapter. Throws a failure in the form of the bindings, as the contract's variant. */
function invoke<T, W>(name: string, run: (host: Host) => T, toWire: (value: T) => W): W {
  try {
    const value = run(new Host(imports));
    if (typeof value === "object" && value !== null && "then" in value) {
      throw new TypeError(`${name} answered a promise: an invocation ends when the function returns, so no function may be async`);
    }
    return wire.named(name, () => toWire(value));
  } catch (thrown) {
    const [failed, wrong] = asFailure(thrown);
    if (failed) throw failed;
    report(wrong);
    // An Error without a payload is not a result of the contract: the bindings discard the instance.
    throw wrong instanceof Error && !("payload" in wrong) ? wrong : new Error(String(wrong));
  }
}

/** The contract's failure, or what is wrong instead: another exception, or a failure with a mistake in it. */
function asFailure(thrown: unknown): [ReturnType<typeof wire.failure> | undefined, unknown] {
  if (!(thrown instanceof Failure)) return [undefined, thrown];
  try {
    return [wire.failure(thrown), undefined];
  } catch (mistake) {
    return [undefined, mistake];
  }
}

/**
 * The exports of an adapter's component. `exports` are the optional exports that `adapter.toml` names.
 *
 * @throws {Error} If the adapter does not implement exactly these; the build shows the message.
 */
export function component(adapter: Adapter, exports: string[]) {
  checkExport(adapter, "about");
  checkExport(adapter, "queryStatus");
  checkExport(adapter, "writeDisposition");
  checkExport(adapter, "find", "lookup", exports.includes("lookup"));
  checkExport(adapter, "parseLeads", "leads", exports.includes("leads"));
  return {
    about: {
      describe: () => invoke("about", () => adapter.about, wire.description),
    },
    status: {
      query: (leadId: string) => invoke("queryStatus", (host) => adapter.queryStatus(host, leadId), wire.leadStatus),
    },
    dispositions: {
      write: (disposition: wire.WireDisposition, key: string) =>
        invoke(
          "writeDisposition",
          (host) => adapter.writeDisposition(host, wire.disposition(disposition), key),
          wire.receipt,
        ),
    },
    lookup: {
      find: (leadId: string, key: string) =>
        invoke("find", (host) => adapter.find?.(host, leadId, key), (found) => found && wire.receipt(found)),
    },
    leads: {
      parse: (inbound: wire.WireInbound) =>
        invoke("parseLeads", (host) => adapter.parseLeads?.(host, inbound) ?? [], wire.leads),
    },
  };
}

/**
 * Throws unless the adapter has a member that every adapter has, or has an optional one exactly if `adapter.toml` names its
 * export. The build shows the message alone: it knows this function by its name.
 */
function checkExport(adapter: Adapter, member: keyof Adapter, word?: string, named = true): void {
  const implemented = adapter[member] !== undefined;
  if (implemented && !named) {
    throw new Error(`the adapter has \`${member}\`, so adapter.toml must say: exports = ["${word}"]`);
  }
  if (named && !implemented) {
    const why = word === undefined ? "which every adapter has" : `since adapter.toml exports "${word}"`;
    throw new Error(`the adapter must have \`${member}\`, ${why}: add it to \`export default adapter({ … })\``);
  }
}
