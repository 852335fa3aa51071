// Acts as the events that rooms get.
import { expect, test } from "vitest";
import { editOf, fileMessageOf, messageOf, pollOf, reactionOf } from "../../../../src/bridge/channels/matrix/outbound.ts";

test("a text stands as words and as HTML, and calls nobody by accident", () => {
  expect(messageOf({ text: "Hi Ann", html: "Hi <b>Ann</b>" }, {}, [])).toEqual({
    msgtype: "m.text",
    body: "Hi Ann",
    format: "org.matrix.custom.html",
    formatted_body: "Hi <b>Ann</b>",
    "m.mentions": {},
  });
});

test("who is in the room is called by their full id, others are not", () => {
  const { "m.mentions": mentions } = messageOf({ text: "@ann:e.org and @eve:e.org" }, {}, ["@ann:e.org"]);
  expect(mentions).toEqual({ user_ids: ["@ann:e.org"] });
});

test("an answer hangs on its message; in a thread apps without threads see it in its place", () => {
  expect(messageOf({ text: "a" }, { replyTo: "$1" }, [])["m.relates_to"]).toEqual({ "m.in_reply_to": { event_id: "$1" } });
  expect(messageOf({ text: "a" }, { thread: "$t" }, [])["m.relates_to"]).toEqual({
    rel_type: "m.thread",
    event_id: "$t",
    is_falling_back: true,
    "m.in_reply_to": { event_id: "$t" },
  });
  expect(messageOf({ text: "a" }, { thread: "$t", replyTo: "$1" }, [])["m.relates_to"]).toMatchObject({
    is_falling_back: false,
    "m.in_reply_to": { event_id: "$1" },
  });
});

test("an edit names what it takes the place of, with a copy for apps that know no edits", () => {
  expect(editOf({ text: "b", html: "<i>b</i>" }, "$1")).toMatchObject({
    body: "* b",
    formatted_body: "* <i>b</i>",
    "m.new_content": { body: "b", formatted_body: "<i>b</i>" },
    "m.relates_to": { rel_type: "m.replace", event_id: "$1" },
  });
});

test("files are of their kind; a voice message says that it is one", () => {
  const file = { path: "/x", type: "image/png", name: "a.png", size: 3 };
  const at = { url: "mxc://e.org/1" };
  expect(fileMessageOf({ file, at, caption: { text: "look" }, isVoice: false, durationMs: undefined }, {})).toMatchObject({
    msgtype: "m.image",
    body: "look",
    filename: "a.png",
    url: "mxc://e.org/1",
    info: { mimetype: "image/png", size: 3 },
  });
  const voice = { ...file, type: "audio/ogg", name: "v.ogg" };
  expect(fileMessageOf({ file: voice, at: { file: {} }, caption: undefined, isVoice: true, durationMs: 900 }, {})).toMatchObject({
    msgtype: "m.audio",
    "org.matrix.msc3245.voice": {},
    info: { duration: 900 },
    file: {},
  });
});

test("a poll and a reaction", () => {
  const poll = pollOf({ type: "poll", question: "Where?", options: ["a", "b"], isMultiple: true }, {});
  expect(poll["org.matrix.msc3381.poll.start"]).toMatchObject({
    max_selections: 2,
    answers: [{ id: "option-1" }, { id: "option-2" }],
  });
  expect(reactionOf("$1", "👍")).toEqual({ "m.relates_to": { rel_type: "m.annotation", event_id: "$1", key: "👍" } });
});
