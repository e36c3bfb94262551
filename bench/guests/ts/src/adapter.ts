/** What the benchmarks of an invocation run, in TypeScript; the guest in Rust says why. */

import { adapter, describe } from "jackfield";

export default adapter({
  about: describe("bench-ts", "1.0.0"),
  queryStatus: (host, leadId) => {
    if (leadId === "waits") host.get("http://waits.example/").send();
    return { leadId, callable: true, status: "new" };
  },
  writeDisposition: (_host, { recordingUrl = "", transcriptUrl = "", extensions }) => {
    const urls = recordingUrl.length + transcriptUrl.length;
    return { reference: String(extensions.reduce((sum, { json }) => sum + json.length, urls)) };
  },
});
