/**
 * What `work` makes of each item, in the items' order, with up to `limit` of
 * them under way at once. After a failure no more are begun; `onFailure` hears
 * of it at once, so that those under way can be stopped, and they are waited for.
 */
export async function* ahead<Item, Result>(
  items: Iterable<Item>,
  limit: number,
  work: (item: Item) => Promise<Result>,
  onFailure: (error: unknown) => void = () => {},
): AsyncGenerator<Result, void, void> {
  const underWay: Promise<Result>[] = [];
  let failed = false;
  const begin = (item: Item) => {
    const result = work(item);
    result.catch((error) => {
      if (!failed) onFailure(error);
      failed = true;
    });
    underWay.push(result);
  };
  try {
    for (const item of items) {
      if (underWay.length >= limit) yield (await underWay.shift()) as Result;
      if (failed) break;
      begin(item);
    }
    while (underWay.length > 0) yield (await underWay.shift()) as Result;
  } finally {
    await Promise.allSettled(underWay);
  }
}
