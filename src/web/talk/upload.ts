// Brings one file to the media store and tells how far it is. The login cookie speaks; nothing else is sent along.
import type { MediaRef } from "../../contract/message.ts";

/** `lost`: there was no connection, and trying again later is right. `refused`: it would be refused again. */
export type UploadOutcome =
  | { outcome: "stored"; media: MediaRef }
  | { outcome: "lost" }
  | { outcome: "refused"; reason: string }
  | { outcome: "cancelled" };

export type Upload = (file: File, onProgress: (share: number) => void) => { done: Promise<UploadOutcome>; cancel: () => void };

/** By XMLHttpRequest: fetch does not tell how much has been sent. */
export const uploadFile: Upload = (file, onProgress) => {
  const request = new XMLHttpRequest();
  const done = new Promise<UploadOutcome>((resolve) => {
    request.open("POST", "/media");
    request.setRequestHeader("x-file-name", encodeURIComponent(file.name));
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0));
    request.addEventListener("load", () => resolve(readAnswer(request.status, request.response)));
    request.addEventListener("error", () => resolve({ outcome: "lost" }));
    request.addEventListener("abort", () => resolve({ outcome: "cancelled" }));
    request.send(file);
  });
  return { done, cancel: () => request.abort() };
};

function readAnswer(status: number, body: unknown): UploadOutcome {
  const media = readMedia(body);
  if (status === 200 && media) return { outcome: "stored", media };
  if (status === 401 || status === 403) return { outcome: "refused", reason: "The login has ended. Log in again." };
  if (status === 429 || status >= 500) return { outcome: "lost" };
  return { outcome: "refused", reason: sentenceIn(body) ?? "The file could not be stored. Remove it and try again." };
}

export function readMedia(value: unknown): MediaRef | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { key, type, size, name } = value as Partial<MediaRef>;
  if (typeof key !== "string" || typeof type !== "string" || typeof size !== "number") return undefined;
  return { key, type, size, ...(typeof name === "string" ? { name } : {}) };
}

function sentenceIn(body: unknown): string | undefined {
  const error = typeof body === "object" && body !== null && "error" in body ? body.error : undefined;
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : undefined;
}
