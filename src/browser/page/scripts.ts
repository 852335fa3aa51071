// Functions that run inside pages, in a world of our own; as text, because they are nothing of this program. `this` is the
// element. They answer plain data, or a word that says why not.

/** A point of the element that can be clicked, in its frame's viewport, and whether something lies over it. */
export const POINT = `function () {
  if (!this.isConnected) return { gone: true };
  const el = this.nodeType === 1 ? this : this.parentElement;
  if (!el) return { gone: true };
  el.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
  const rects = [...el.getClientRects()].filter((r) => r.width > 0 && r.height > 0);
  const rect = rects.find((r) => r.bottom > 0 && r.right > 0 && r.top < innerHeight && r.left < innerWidth) ?? rects[0];
  if (!rect) return { hidden: true };
  const clamp = (value, most) => Math.min(Math.max(value, 0), most - 1);
  const x = clamp((Math.max(rect.left, 0) + Math.min(rect.right, innerWidth)) / 2, innerWidth);
  const y = clamp((Math.max(rect.top, 0) + Math.min(rect.bottom, innerHeight)) / 2, innerHeight);
  const root = el.getRootNode();
  let hit = (root.elementFromPoint ? root : document).elementFromPoint(x, y);
  const isInside = (node) => {
    for (let at = node; at; at = at.assignedSlot ?? at.parentElement ?? at.getRootNode().host) if (at === el) return true;
    const label = node?.closest?.("label");
    return label?.control === el || (el.tagName === "LABEL" && el.control === node);
  };
  if (!hit || isInside(hit) || el.contains(hit) || hit.contains(el) && getComputedStyle(el).display === "contents") return { x, y };
  const own = hit.shadowRoot?.elementFromPoint(x, y);
  if (own && isInside(own)) return { x, y };
  const words = String(hit.innerText ?? "").trim().slice(0, 60);
  return { x, y, over: "<" + String(hit.tagName).toLowerCase().slice(0, 40) + (hit.id ? " id=" + String(hit.id).slice(0, 60) : "") + ">" + (words ? ' "' + words + '"' : "") };
}`;

/** Where the content of a frame's element begins, in the viewport of the frame it stands in. */
export const INNER_CORNER = `function () {
  const r = this.getBoundingClientRect(), s = getComputedStyle(this);
  return { x: r.left + this.clientLeft + parseFloat(s.paddingLeft), y: r.top + this.clientTop + parseFloat(s.paddingTop) };
}`;

/** Puts a value into a field, or says what has to be done by hand. */
export const PUT = `function (text) {
  const el = this.tagName === "LABEL" && this.control ? this.control : this;
  if (!el.isConnected) return "gone";
  if (el.disabled) return "is disabled";
  if (el.readOnly) return "is read-only";
  const tell = () => { el.dispatchEvent(new Event("input", { bubbles: true, composed: true })); el.dispatchEvent(new Event("change", { bubbles: true })); };
  if (el.tagName === "SELECT") return "select";
  if (el.tagName === "INPUT") {
    const type = el.type;
    if (type === "checkbox" || type === "radio") {
      if (!/^(true|false|on|off|yes|no|1|0|)$/i.test(text)) return "is a " + type + ": true or false";
      return el.checked === /^(true|on|yes|1|)$/i.test(text) ? "done" : "click";
    }
    if (type === "file") return "takes files: use upload";
    if (/^(button|submit|reset|image|hidden)$/.test(type)) return "is a button, no field";
    if (/^(date|time|datetime-local|month|week|color|range)$/.test(type)) {
      el.focus();
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(el, text);
      if (el.value !== text && type !== "range" && type !== "color") return "does not take " + JSON.stringify(text.slice(0, 60)) + " (" + type + ")";
      tell();
      return "done";
    }
  } else if (el.tagName !== "TEXTAREA" && !el.isContentEditable) {
    const inner = el.querySelector("input:not([type=hidden]),textarea,[contenteditable]");
    if (!inner) return "is no field";
    inner.focus(); inner.select?.();
    return "type";
  }
  el.scrollIntoView({ block: "center", behavior: "instant" });
  el.focus();
  if (el.select) el.select(); else getSelection().selectAllChildren(el);
  return "type";
}`;

export const CHOOSE = `function (wanted) {
  const el = this.tagName === "LABEL" && this.control ? this.control : this;
  if (!el.isConnected) return { gone: true };
  if (el.tagName !== "SELECT") return { reason: "is no list of choices; click it and its option instead" };
  const options = [...el.options];
  const find = (name) => options.find((o) => o.value === name) ?? options.find((o) => o.label.trim() === name.trim());
  const missing = wanted.filter((name) => !find(name));
  if (missing.length > 0) return { reason: "has no option " + missing.map((name) => name.slice(0, 60)).join(", ") + "; there are: " + options.slice(0, 40).map((o) => o.label.trim().slice(0, 60)).join(", ") };
  if (!el.multiple && wanted.length > 1) return { reason: "takes one option only" };
  const chosen = wanted.map(find);
  for (const option of options) option.selected = chosen.includes(option);
  el.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
  el.dispatchEvent(new Event("change", { bubbles: true }));
  return {};
}`;

export const PUT_FILES = `function (files) {
  if (!this.isConnected) return "gone";
  if (this.tagName !== "INPUT" || this.type !== "file") return "no";
  if (files.length > 1 && !this.multiple) return "takes one file only";
  const transfer = new DataTransfer();
  for (const { name, type, base64 } of files) {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  this.files = transfer.files;
  this.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
  this.dispatchEvent(new Event("change", { bubbles: true }));
  return "done";
}`;

export const IS_FILE_INPUT = `function () { return this.tagName === "INPUT" && this.type === "file"; }`;
export const COUNT = `function () { return document.getElementsByTagName("*").length; }`;
export const FIND = `function (selector) { return document.querySelector(selector); }`;
export const HAS = `function (selector) { return document.querySelector(selector) !== null; }`;
export const SAYS = `function (text) { return (document.body?.innerText ?? "").replace(/\\s+/g, " ").toLowerCase().includes(text.replace(/\\s+/g, " ").toLowerCase()); }`;
export const IS_THERE = `function () { return this.isConnected && this.getClientRects?.().length !== 0; }`;
export const SCROLL = `function (to) {
  const place = document.scrollingElement ?? document.documentElement;
  const before = place.scrollTop;
  if (to === "top") place.scrollTo({ top: 0, behavior: "instant" });
  else if (to === "bottom") place.scrollTo({ top: place.scrollHeight, behavior: "instant" });
  else place.scrollBy({ top: (to === "up" ? -0.9 : 0.9) * innerHeight, behavior: "instant" });
  return { at: Math.round(place.scrollTop), most: Math.round(place.scrollHeight - innerHeight), moved: Math.round(place.scrollTop - before) };
}`;
export const INTO_VIEW = `function () { if (!this.isConnected) return false; (this.nodeType === 1 ? this : this.parentElement).scrollIntoView({ block: "center", behavior: "instant" }); return true; }`;
export const BOX = `function () {
  const el = this.nodeType === 1 ? this : this.parentElement;
  if (!this.isConnected || !el) return undefined;
  const r = el.getBoundingClientRect();
  return { x: r.left, y: r.top, width: r.width, height: r.height };
}`;
export const PAGE_SIZE = `function () { return { x: scrollX, y: scrollY, width: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight, seenWidth: innerWidth, seenHeight: innerHeight }; }`;

/** Draws numbered frames over everything; answers nothing. Taken away by UNLABEL. */
export const LABEL = `function (boxes) {
  const host = document.createElement("div");
  host.id = "skerry-labels";
  host.style.cssText = "all:initial;position:fixed;inset:0;z-index:2147483647;pointer-events:none";
  const root = host.attachShadow({ mode: "closed" });
  for (const { ref, x, y, width, height } of boxes) {
    const frame = document.createElement("div");
    frame.style.cssText = "position:fixed;box-sizing:border-box;border:2px solid #d4005a;left:" + x + "px;top:" + y + "px;width:" + width + "px;height:" + height + "px";
    const label = document.createElement("div");
    label.textContent = ref;
    label.style.cssText = "position:absolute;left:-2px;top:" + (y > 16 ? "-16px" : "0") + ";font:bold 12px/14px sans-serif;padding:1px 3px;color:#fff;background:#d4005a";
    frame.append(label);
    root.append(frame);
  }
  document.documentElement.append(host);
}`;
export const UNLABEL = `function () { document.getElementById("skerry-labels")?.remove(); }`;

export const READ_STORE = `function () {
  const list = (store) => Object.fromEntries(Object.keys(store).map((key) => [key, store.getItem(key)]));
  return { local: list(localStorage), session: list(sessionStorage) };
}`;
export const WRITE_STORE = `function (values) { for (const [key, value] of Object.entries(values)) localStorage.setItem(key, value); }`;
export const CLEAR_STORE = `function () { localStorage.clear(); sessionStorage.clear(); }`;
export const READ_BLOB = `async function (url, most) {
  const answer = await fetch(url);
  const told = Number(answer.headers.get("content-length"));
  if (told > most) return { size: told };
  const blob = await answer.blob();
  if (blob.size > most) return { size: blob.size };
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return { size: blob.size, type: blob.type, base64: btoa(text) };
}`;
