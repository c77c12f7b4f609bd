/**
 * What `work` makes of each item, in the items' order, with up to `limit` of
 * them under way at once: where one ends the next begins, whichever it is.
 * After a failure no more are begun; `onFailure` hears of it at once, so that
 * those under way can be stopped, and they are waited for. What it throws is
 * that failure, whatever those that were stopped say of themselves.
 */
export async function sideBySide<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Result>,
  onFailure: (error: unknown) => void = () => {},
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = items.entries();
  let failure: { readonly error: unknown } | undefined;
  const lane = async () => {
    for (const [index, item] of waiting) {
      if (failure) return;
      try {
        results[index] = await work(item);
      } catch (error) {
        if (failure) return;
        failure = { error };
        onFailure(error);
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, lane));
  if (failure) throw failure.error;
  return results;
}
