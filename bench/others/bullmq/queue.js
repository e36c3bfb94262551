// The queue, as the front and the worker share it.

export const NAME = 'dispositions';

const redis = new URL(process.env.REDIS_URL);

export const connection = {
  host: redis.hostname,
  port: Number(redis.port),
  // A worker waits for Redis as long as it takes.
  maxRetriesPerRequest: null,
};
