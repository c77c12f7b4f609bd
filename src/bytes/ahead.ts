/**
 * What `work` makes of each item, in the items' order, with up to `limit` of
 * them under way at once. After a failure no more are begun; `onFailure` hears
 * of it at once, so that those under way can be stopped, and they are waited for.
 * What it throws is that failure, whatever those that were stopped say of themselves.
 */
export async function* ahead<Item, Result>(
  items: Iterable<Item>,
  limit: number,
  work: (item: Item) => Promise<Result>,
  onFailure: (error: unknown) => void = () => {},
): AsyncGenerator<Result, void, void> {
  const underWay: Promise<Result>[] = [];
  let failure: { readonly error: unknown } | undefined;
  const begin = (item: Item) => {
    const result = work(item);
    result.catch((error) => {
      if (failure) return;
      failure = { error };
      onFailure(error);
    });
    underWay.push(result);
  };
  const next = async () => {
    try {
      return (await underWay.shift()) as Result;
    } catch (error) {
      throw (failure ?? { error }).error;
    }
  };
  try {
    for (const item of items) {
      if (underWay.length >= limit) yield await next();
      if (failure) break;
      begin(item);
    }
    while (underWay.length > 0) yield await next();
  } finally {
    await Promise.allSettled(underWay);
  }
}
