// How messages and people of Signal are named here. A message is named by when it was sent and by whom: nothing else names it there.

/** `1700000000000@+15551234567`; the author by our id of them. */
export function messageName(sentAt: number, author: string): string {
  return `${sentAt}@${author}`;
}

export function readMessageName(name: string): { sentAt: number; author?: string } | undefined {
  const found = /^(\d{1,16})(?:@(.{1,256}))?$/.exec(name);
  if (!found) return undefined;
  const sentAt = Number(found[1]);
  return { sentAt, ...(found[2] === undefined ? {} : { author: found[2] }) };
}

export const NUMBER = /^\+\d{6,15}$/;

/** The name of a file of signal-cli's, and no way to another one: beside them lie the keys of the account. */
export function isFileId(id: string): boolean {
  return /^[^/\\\p{Cc}]{1,512}$/u.test(id) && id !== "." && id !== "..";
}
