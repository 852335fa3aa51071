// Where one is in the page, kept behind the "#" of the address: `#/chat/<session key>`, `#/control/<room>/…` (whose rooms
// are listed in control/rooms.ts). What is unknown leads to the chat.
export const ROOMS = ["chat", "control"] as const;
export type Room = (typeof ROOMS)[number];

export interface Route {
  room: Room;
  /** What follows the room: for the chat, the session's key. */
  rest?: string;
}

export function readRoute(hash: string): Route {
  const [name = "", ...rest] = hash.replace(/^#\/?/, "").split("/");
  const room = ROOMS.find((candidate) => candidate === name);
  const text = decode(rest.join("/"));
  return room === undefined || text === "" ? { room: room ?? "chat" } : { room, rest: text };
}

export function writeRoute({ room, rest }: Route): string {
  return rest === undefined ? `#/${room}` : `#/${room}/${encodeURIComponent(rest).replaceAll("%3A", ":")}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
