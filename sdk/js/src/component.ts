/**
 * From an {@link Adapter} to the exports of a component. The build's entry file calls {@link component}; an adapter
 * never does.
 *
 * A `Failure` that is thrown becomes the contract's failure. Anything else is a fault: its stack goes to standard error,
 * its message as the last line, which the host shows, and the instance is given up.
 *
 * @module
 */

import * as credentials from "jackfield:crm/credentials@0.1.0";
import * as http from "jackfield:crm/http@0.1.0";
import * as log from "jackfield:crm/log@0.1.0";
import * as settings from "jackfield:crm/settings@0.1.0";

import type { Adapter } from "./adapter.ts";
import { Failure } from "./failure.ts";
import { tell } from "./fault.ts";
import { Host, type Imports } from "./host.ts";
import type { Sent, TransportError } from "./http.ts";
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
};

/** The contract's error in what an import threw; anything else that was thrown goes on its way. */
function payload(thrown: unknown): unknown {
  if (typeof thrown === "object" && thrown !== null && "payload" in thrown) return thrown.payload;
  throw thrown;
}

/** Runs a call of the adapter. A failure is thrown as the bindings want it: the contract's variant. */
function call<T, W>(name: string, run: (host: Host) => T, toWire: (value: T) => W): W {
  try {
    const value = run(new Host(imports));
    if (typeof value === "object" && value !== null && "then" in value) {
      throw new TypeError(`${name} answered a promise: a call ends when it returns, so no function may be async`);
    }
    return wire.named(name, () => toWire(value));
  } catch (thrown) {
    if (thrown instanceof Failure) throw wire.failure(thrown);
    tell(thrown);
    // An Error without a payload is no result of the contract: the bindings give the instance up.
    throw thrown instanceof Error && !("payload" in thrown) ? thrown : new Error(String(thrown));
  }
}

/**
 * The exports of an adapter's component. `exports` is what `adapter.toml` says beside what is required.
 *
 * @throws {Error} If that is not what the adapter implements; the build shows it.
 */
export function component(adapter: Adapter, exports: string[]) {
  agree(adapter.find !== undefined, exports.includes("lookup"), "find", "lookup");
  agree(adapter.parseLeads !== undefined, exports.includes("leads"), "parseLeads", "leads");
  return {
    about: {
      describe: () => call("about", () => adapter.about, wire.description),
    },
    status: {
      query: (leadId: string) => call("queryStatus", (host) => adapter.queryStatus(host, leadId), wire.leadStatus),
    },
    dispositions: {
      write: (disposition: wire.WireDisposition, key: string) =>
        call(
          "writeDisposition",
          (host) => adapter.writeDisposition(host, wire.disposition(disposition), key),
          wire.receipt,
        ),
    },
    lookup: {
      find: (leadId: string, key: string) =>
        call("find", (host) => adapter.find?.(host, leadId, key), (found) => found && wire.receipt(found)),
    },
    leads: {
      parse: (inbound: wire.WireInbound) =>
        call("parseLeads", (host) => adapter.parseLeads?.(host, inbound) ?? [], wire.leads),
    },
  };
}

function agree(implemented: boolean, named: boolean, method: string, word: string): void {
  if (implemented && !named) {
    throw new Error(`the adapter has \`${method}\`, so adapter.toml must say: exports = ["${word}"]`);
  }
  if (named && !implemented) {
    throw new Error(`adapter.toml exports "${word}", so the adapter must have \`${method}\``);
  }
}
