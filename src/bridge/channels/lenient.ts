// Reading what a platform tells so that one thing that is not understood spoils nothing else.
import * as z from "zod";

/** Takes what can be read of a list, at most so many. */
export function some<T extends z.ZodType>(item: T, most: number) {
  return z
    .array(z.unknown())
    .nullish()
    .catch(undefined)
    .transform((list) =>
      (list ?? []).slice(0, most).flatMap((one): z.output<T>[] => {
        const read = item.safeParse(one);
        return read.success ? [read.data] : [];
      }),
    );
}
