/** Local times, instants and telephone numbers through the SDK, which asks the host. */

import { date, type Host, phone } from "jackfield";

export function converted(host: Host, what: string, text: string, zone: string): string {
  if (what === "phone") return phone.e164(host, text);
  return what === "local" ? date.inZone(host, text, zone) : date.fromLocal(host, text, zone);
}
