/** Converts what the test sends, to show what the SDK makes of the host's answers. */

import { date, eachLead, type Failure, type Host, type Lead, phone } from "jackfield";

interface Questions {
  instants: [local: string, zone: string][];
  locals: [instant: string, zone: string][];
  phones: string[];
}

/** A lead for each question, with the answer as its name, or its rejection. */
export function echo(host: Host, asked: Questions): (Lead | Failure)[] {
  const answers = [
    ...asked.instants.map(([local, zone]) => () => date.fromLocal(host, local, zone)),
    ...asked.locals.map(([instant, zone]) => () => date.inZone(host, instant, zone)),
    ...asked.phones.map((number) => () => phone.e164(host, number)),
  ];
  return eachLead(answers, (answer, place) => ({ id: String(place), phone: "+919800000000", name: answer() }));
}
