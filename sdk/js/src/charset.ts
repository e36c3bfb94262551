/**
 * Text in the charset that it is really in.
 *
 * The host converts the answers of old servers to UTF-8; what it leaves is UTF-8 or UTF-16. A declaration may therefore
 * name another charset than the bytes have, so bytes that are UTF-8 are read as UTF-8, whatever they say. Webhooks come
 * as they were sent; of the old charsets, those of Western Europe are read.
 *
 * @module
 */

import { fromUtf8 } from "./utf8.ts";

/** The text, or why the bytes are not text, in words that do not quote them. */
export type Decoded = { text: string } | { problem: string };

/** The characters of windows-1252 from 0x80 to 0x9f; the others are those of ISO 8859-1. */
const WINDOWS = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

/**
 * The text, without a byte-order mark. Its charset is that of the mark, or UTF-8 where the bytes are UTF-8, or the one
 * that the header names, or the one that an XML declaration names.
 */
export function decoded(body: Uint8Array, contentType: string): Decoded {
  const [first, second] = body;
  if (first === 0xff && second === 0xfe) return utf16(body.subarray(2), true);
  if (first === 0xfe && second === 0xff) return utf16(body.subarray(2), false);
  if (first === 0x3c && second === 0) return utf16(body, true);
  if (first === 0 && second === 0x3c) return utf16(body, false);
  const header = /charset\s*=\s*["']?([^"';\s]+)/i.exec(contentType)?.[1];
  // Bytes of UTF-16 may be valid UTF-8 by chance; two ASCII characters at the beginning are UTF-8 indeed.
  const isAscii = (byte: number | undefined) => byte !== undefined && (byte === 10 || byte === 13 || (byte >= 32 && byte < 127));
  if (header && /^utf-?16/i.test(header) && !(isAscii(first) && isAscii(second))) {
    return utf16(body, !/be$/i.test(header));
  }
  const text = fromUtf8(body);
  if (text !== undefined) return { text: text.replace(/^\ufeff/, "") };
  const name = header ?? declared(body);
  if (name === undefined || /^utf-?8$/i.test(name)) return { problem: "not UTF-8" };
  if (/^(windows-1252|cp-?1252|iso-?8859-?1|latin-?1|us-ascii|ascii)$/i.test(name.replaceAll("_", "-"))) {
    return { text: Array.from(body, westernCharacter).join("") };
  }
  return { problem: `in a charset that is not known here: ${name.slice(0, 24)}` };
}

/** `windows-1252` of `<?xml version="1.0" encoding="windows-1252"?>`. */
function declared(body: Uint8Array): string | undefined {
  const head = Array.from(body.subarray(0, 200), (byte) => String.fromCharCode(byte)).join("");
  return /^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']/.exec(head)?.[1];
}

function westernCharacter(byte: number): string {
  return byte >= 0x80 && byte <= 0x9f ? (WINDOWS[byte - 0x80] ?? "") : String.fromCharCode(byte);
}

function utf16(body: Uint8Array, little: boolean): Decoded {
  const units = Array.from({ length: body.length / 2 }, (_, at) => {
    const [low = 0, high = 0] = little ? [body[2 * at], body[2 * at + 1]] : [body[2 * at + 1], body[2 * at]];
    return (high << 8) | low;
  });
  const text = units.map((unit) => String.fromCharCode(unit)).join("");
  return body.length % 2 === 0 && text.isWellFormed() ? { text } : { problem: "not UTF-16" };
}
