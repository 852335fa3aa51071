// Files that came with messages: laid into the workspace, so that tools can open them again, and a word to the person
// when the model that is asked cannot read one. What fails here never fails a turn: the message itself is safe.
import type { Entry } from "../../../contract/entry.ts";
import type { MediaRef, Part } from "../../../contract/message.ts";
import { attachmentPath } from "../../agent/attached-text.ts";
import type { ModelInfo } from "../../models/port.ts";
import type { SessionParts } from "../parts.ts";
import type { Turn } from "../rows/turns.ts";

const UNSEEN = "attachments";

/** Reads a stored file; every look is a request that the wake has only so many of. */
export function loadCounted(parts: SessionParts, media: MediaRef): Promise<Uint8Array | undefined> {
  parts.wake.countInside();
  return parts.ports.loadMedia(media);
}

/** Lays the files of this turn's messages into the workspace, once. */
export async function placeFiles(parts: SessionParts, turn: Turn): Promise<void> {
  const missing = filesOf(parts, turn)
    .map(({ media }) => ({ path: attachmentPath(media), key: media.key, size: media.size }))
    .filter((file) => !parts.placed.has(file.path));
  if (missing.length === 0) return;
  parts.wake.countInside();
  try {
    const placed = await parts.ports.workspace.attach?.(missing);
    if (placed?.ok) for (const file of missing) parts.placed.add(file.path);
    else console.error("files were not laid into the workspace", placed?.error.message);
  } catch (error) {
    console.error("files were not laid into the workspace", error);
  }
}

/** Tells the person, once a turn, which of the files the model cannot read. */
export function noteUnseen(parts: SessionParts, turn: Turn, model: ModelInfo): void {
  const unseen = filesOf(parts, turn).filter(
    ({ type, media }) =>
      (type === "image" && !model.acceptsImages) || (media.type === "application/pdf" && !model.acceptsDocuments),
  );
  if (unseen.length === 0 || entriesOf(parts, turn).some((entry) => entry.kind === "note" && entry.label === UNSEEN)) return;
  const names = unseen.map(({ media }) => media.name ?? "a picture").join(", ");
  const what = unseen.every(({ type }) => type === "image") ? "cannot see pictures" : "cannot read these files";
  const text = `${model.ref} ${what}, so it was only told that there is ${names}. Choose one that can with /model, then ask again.`;
  const entry = parts.commit(() =>
    parts.transcript.add({ kind: "note", turnId: turn.id, text, label: UNSEEN, isForModel: false }, parts.now()),
  );
  parts.publisher.tell({ type: "entry", entry });
}

function filesOf(parts: SessionParts, turn: Turn): Exclude<Part, { type: "text" }>[] {
  return entriesOf(parts, turn).flatMap((entry) =>
    entry.kind === "user" ? entry.parts.flatMap((part) => (part.type === "text" ? [] : [part])) : [],
  );
}

function entriesOf(parts: SessionParts, turn: Turn): Entry[] {
  return parts.transcript.window(parts.profile.get().windowSeq).filter((entry) => entry.turnId === turn.id);
}
