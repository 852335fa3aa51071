// Puts what is asked one by one together, so that many small things travel in few requests: whatever is asked before the next turn
// of the clock goes with it.

export interface BatchOptions<Item, Answer> {
  maxItems: number;
  maxBytes: number;
  sizeOf(item: Item): number;
  /** Answers in the order of the items. */
  send(items: Item[]): Promise<Answer[]>;
}

export function openBatch<Item, Answer>(options: BatchOptions<Item, Answer>): (item: Item) => Promise<Answer> {
  const { maxItems, maxBytes, sizeOf, send } = options;
  let waiting: { item: Item; give(answer: Answer): void; fail(error: unknown): void }[] = [];
  let bytes = 0;
  const flush = async () => {
    const batch = waiting;
    waiting = [];
    bytes = 0;
    if (batch.length === 0) return;
    try {
      const answers = await send(batch.map(({ item }) => item));
      batch.forEach(({ give, fail }, at) => {
        const answer = answers[at];
        if (answer === undefined) fail(new Error("A request of several was answered in part."));
        else give(answer);
      });
    } catch (error) {
      for (const { fail } of batch) fail(error);
    }
  };
  return (item) =>
    new Promise((give, fail) => {
      if (waiting.length === 0) setImmediate(() => void flush());
      waiting.push({ item, give, fail });
      bytes += sizeOf(item);
      if (waiting.length >= maxItems || bytes >= maxBytes) void flush();
    });
}
