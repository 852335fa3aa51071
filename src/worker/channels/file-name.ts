// What a stored file is called at a platform when it has no name of its own: by its kind.
import type { MediaRef } from "../../contract/message.ts";

export function nameOfFile({ name, type }: Pick<MediaRef, "name" | "type">): string {
  return name ?? `file.${type.split("/")[1]?.split(";")[0] || "bin"}`;
}
