// What WhatsApp answers to what its clients ask (`iq`): keys, devices, groups, where files go. What is only told is taken with an empty yes.
import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from "@whiskeysockets/baileys";
import type { Device } from "./device.ts";
import type { WhatsAppTown } from "./town.ts";

/** `undefined`: there is no such thing. */
export function answerOf(town: WhatsAppTown, device: Device, iq: BinaryNode): BinaryNode[] | undefined {
  const asked = Array.isArray(iq.content) ? iq.content[0] : undefined;
  switch (`${iq.attrs["xmlns"]} ${asked?.tag}`) {
    case "encrypt count":
      return [{ tag: "count", attrs: { value: String(device.keysLeft) } }];
    case "encrypt digest":
      return [{ tag: "digest", attrs: {} }];
    case "encrypt registration":
      device.keepKeys(iq);
      return [];
    case "encrypt key": {
      const users = asked ? getBinaryNodeChildren(asked, "user") : [];
      return [{ tag: "list", attrs: {}, content: users.flatMap(({ attrs }) => keysOf(town, attrs["jid"]) ?? []) }];
    }
    case "usync usync": {
      const list = asked && getBinaryNodeChild(asked, "list");
      const users = [...new Set((list ? getBinaryNodeChildren(list, "user") : []).map(({ attrs }) => attrs["jid"]))].flatMap(
        (jid) => userOf(town, jid) ?? [],
      );
      return [{ tag: "usync", attrs: {}, content: [{ tag: "list", attrs: {}, content: users }] }];
    }
    case "w:g2 query":
      return groupOf(town, iq.attrs["to"]);
    case "w:m media_conn": {
      const host = { tag: "host", attrs: { hostname: `127.0.0.1:${town.media.securePort}`, maxContentLengthBytes: "100000000" } };
      return [{ tag: "media_conn", attrs: { auth: "let-me", ttl: "300" }, content: [host] }];
    }
    case "privacy privacy":
      return [{ tag: "privacy", attrs: {}, content: [{ tag: "category", attrs: { name: "readreceipts", value: "all" } }] }];
    case "md remove-companion-device":
      town.forget(device);
      return [];
    default:
      return [];
  }
}

function keysOf(town: WhatsAppTown, jid = ""): BinaryNode | undefined {
  const [, index] = /:(\d+)@/.exec(jid) ?? [];
  const phone = town.phoneOf(jid);
  if (index === undefined || index === "0") return phone?.signal.bundle(jid);
  const bundle = town
    .devicesOf(phone?.number ?? "")
    .find((one) => one.index === Number(index))
    ?.bundle();
  return bundle && { ...bundle, attrs: { jid } };
}

function userOf(town: WhatsAppTown, jid = ""): BinaryNode | undefined {
  const phone = town.phoneOf(jid);
  if (!phone) return undefined;
  const devices = [
    { tag: "device", attrs: { id: "0" } },
    ...town.devicesOf(phone.number).map(({ index }) => ({
      tag: "device",
      attrs: { id: String(index), "key-index": String(index) },
    })),
  ];
  const list: BinaryNode = { tag: "devices", attrs: {}, content: [{ tag: "device-list", attrs: {}, content: devices }] };
  return {
    tag: "user",
    attrs: { jid },
    content: jid.endsWith("@lid") ? [list] : [list, { tag: "lid", attrs: { val: phone.lid } }],
  };
}

function groupOf(town: WhatsAppTown, jid = ""): BinaryNode[] | undefined {
  const group = town.groups.get(jid);
  if (!group) return undefined;
  const participants = group.members.flatMap((number) => {
    const phone = town.phoneOf(number);
    if (!phone) return [];
    const { jid: pn, lid } = phone;
    return [{ tag: "participant", attrs: group.addressing === "lid" ? { jid: lid, phone_number: pn } : { jid: pn, lid } }];
  });
  const attrs = {
    id: jid.replace("@g.us", ""),
    subject: group.subject,
    creation: "1700000000",
    addressing_mode: group.addressing,
  };
  return [{ tag: "group", attrs, content: participants }];
}
