// The rooms of the control side, in the order people see them. Each is fetched when it is first opened: `load` answers
// how to draw it. A new room is a line here and a folder beside; nothing else has to know of it.
import type { TemplateResult } from "lit";
import { page } from "../pictures/icons.ts";
import type { Desk } from "../state/desk.ts";
import { book, dials, gauge, hand, key, mind, pair, plane, pulse, shelf } from "./icons.ts";

/** Draws a room; `rest` is what follows its path in the address: `#/control/<path>/<rest>`. */
export type RoomView = (desk: Desk, rest: string | undefined) => TemplateResult;

export interface ControlRoom {
  path: string;
  label: string;
  icon: TemplateResult;
  load(): Promise<RoomView>;
}

const FIRST_ROOM: ControlRoom = {
  path: "sessions",
  label: "Sessions",
  icon: shelf,
  load: async () => (await import("./sessions/sessions.ts")).showSessions,
};

export const CONTROL_ROOMS: readonly ControlRoom[] = [
  FIRST_ROOM,
  { path: "channels", label: "Channels", icon: plane, load: async () => (await import("./channels/channels.ts")).showChannels },
  { path: "people", label: "People", icon: pair, load: async () => (await import("./people/people.ts")).showPeople },
  {
    path: "approvals",
    label: "Approvals",
    icon: hand,
    load: async () => (await import("./approvals/approvals.ts")).showApprovals,
  },
  { path: "models", label: "Models and keys", icon: mind, load: async () => (await import("./models/models.ts")).showModels },
  { path: "files", label: "Files", icon: page, load: async () => (await import("./files/files.ts")).showFiles },
  { path: "skills", label: "Skills", icon: book, load: async () => (await import("./skills/skills.ts")).showSkills },
  { path: "settings", label: "Settings", icon: dials, load: async () => (await import("./settings/settings.ts")).showSettings },
  { path: "usage", label: "Usage", icon: gauge, load: async () => (await import("./usage/usage.ts")).showUsage },
  { path: "devices", label: "Devices", icon: key, load: async () => (await import("./devices/devices.ts")).showDevices },
  { path: "health", label: "Health", icon: pulse, load: async () => (await import("./health/health.ts")).showHealth },
];

/** The room that the address names, and what follows its name; an unknown name leads to the first room. */
export function findRoom(place: string | undefined): { room: ControlRoom; rest: string | undefined } {
  const [name, ...rest] = (place ?? "").split("/");
  const room = CONTROL_ROOMS.find(({ path }) => path === name) ?? FIRST_ROOM;
  const text = rest.join("/");
  return { room, rest: text === "" || room.path !== name ? undefined : text };
}

export function hrefOf(path: string, rest?: string): string {
  return rest === undefined ? `#/control/${path}` : `#/control/${path}/${encodeURIComponent(rest).replaceAll("%3A", ":")}`;
}
