/** Where a list that is made of several, one after the other, goes on. */
export interface Place {
  /** Which of them. */
  part: number;
  /** From where in it; `null` for its beginning. */
  cursor: string | null;
}

export interface Gathered<T> {
  items: T[];
  /** `null` at the end. */
  next: Place | null;
}

/** A page of one part, of at most so many rows, and the cursor of the one after it. */
type Fetch<T> = (
  part: number,
  cursor: string | null,
  limit: number,
) => Promise<{ items: readonly T[]; next: string | null }>;

/** So many rows of parts that follow each other, from a place on: the server sorts by time only. */
export async function gather<T>(fetch: Fetch<T>, parts: number, from: Place, size: number): Promise<Gathered<T>> {
  const items: T[] = [];
  let { part, cursor } = from;
  while (part < parts && items.length < size) {
    const page = await fetch(part, cursor, size - items.length);
    items.push(...page.items);
    cursor = page.next;
    if (cursor === null) part += 1;
  }
  return { items, next: part < parts ? { part, cursor } : null };
}
