// The front before the queue: checks the agent's token and the report, and responds once Redis has the job.

import { timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { Queue } from 'bullmq';
import { NAME, connection } from './queue.js';

const bearer = Buffer.from(`Bearer ${process.env.AGENT_TOKEN}`);
const path = /^\/v1\/tenants\/[^/]+\/leads\/([^/]+)\/disposition$/;

const queue = new Queue(NAME, {
  connection,
  defaultJobOptions: {
    attempts: 5,
    backoff: { type: 'exponential', delay: 1000 },
    removeOnComplete: true,
  },
});

async function report(request) {
  const [, lead] = path.exec(request.url) ?? [];
  if (request.method !== 'POST' || lead === undefined) return [404, { title: 'not found' }];
  const given = Buffer.from(request.headers.authorization ?? '');
  if (given.length !== bearer.length || !timingSafeEqual(given, bearer)) return [401, { title: 'unauthorized' }];
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  let said;
  try {
    said = JSON.parse(Buffer.concat(chunks));
  } catch {
    said = undefined;
  }
  const call = said?.call_metadata?.call_id;
  if (!call || !said.qualification?.outcome) return [422, { title: 'not a report of a call' }];
  const acceptedAt = new Date().toISOString();
  await queue.add('write', { lead: decodeURIComponent(lead), report: said, acceptedAt }, { jobId: call });
  return [202, { call_id: call }];
}

const server = createServer((request, response) => {
  report(request)
    .catch((error) => [500, { title: String(error) }])
    .then(([status, answer]) => {
      const body = JSON.stringify(answer);
      response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
      response.end(body);
      process.stderr.write(`{"status":${status},"path":${JSON.stringify(request.url)}}\n`);
    });
});
server.keepAliveTimeout = 75_000;
await queue.waitUntilReady();
server.listen(0, '127.0.0.1', 2048, () => console.log(`listening 127.0.0.1:${server.address().port}`));
