// The queue that the front and the worker share.

export const NAME = 'dispositions';

const redis = new URL(process.env.REDIS_URL);

export const connection = {
  host: redis.hostname,
  port: Number(redis.port),
  // A worker waits for Redis as long as necessary.
  maxRetriesPerRequest: null,
};
