// A limit for what another side is asked to do. Late answers are ignored; the timer never outlives the wait.

/** What `work` answers, or `late()` once `ms` are over. */
export async function withinTime<T>(work: Promise<T>, ms: number, late: () => T): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<"late">((resolve) => {
    timer = setTimeout(resolve, ms, "late");
  });
  try {
    const first = await Promise.race([work.then((value) => ({ value })), limit]);
    return first === "late" ? late() : first.value;
  } finally {
    clearTimeout(timer);
  }
}
