import { unauthenticated } from './unauthenticated.js';

export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof (value as Partial<AsyncIterable<unknown>> | undefined)?.[Symbol.asyncIterator] === 'function';
}

/**
 * The events of a subscription, until the session that it was begun with has ended. Not an async generator: one of those
 * could not be stopped while it waits for an event.
 */
export function whileLasting<T>(events: AsyncIterable<T>, isLasting: () => Promise<boolean>): AsyncIterableIterator<T> {
  const source = events[Symbol.asyncIterator]();
  const stop = async (): Promise<IteratorResult<T>> => {
    await source.return?.();
    return { done: true, value: undefined };
  };
  const check = async (): Promise<void> => {
    if (!(await isLasting())) throw unauthenticated('The session has ended. Please sign in.');
  };
  return {
    async next() {
      const result = await source.next();
      if (result.done) return result;
      try {
        await check();
        return result;
      } catch (error) {
        await stop();
        throw error;
      }
    },
    return: stop,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
