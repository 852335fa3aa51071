// Draws one field of the settings form, and those inside it. Every field has its path as its id, so that an error that
// names a path is shown where it belongs.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { cross, plus } from "../../pictures/icons.ts";
import { typed } from "../editing/typed.ts";
import { nameOf, type Path, readAt } from "./draft.ts";
import { blankOf, checkValue, type Field, optionFor } from "./schema-form.ts";

export interface Form {
  value: Record<string, unknown>;
  /** As it was applied last. */
  saved: Record<string, unknown>;
  /** Reasons by dotted path, from the server. */
  issues: ReadonlyMap<string, string>;
  isLocked: boolean;
  write(path: Path, next: unknown): void;
}

/** Groups deeper than this are folded. */
const SHOWN_DEPTH = 2;

const OPTION_NAMES: Readonly<Record<Field["kind"], string>> = {
  group: "In detail",
  text: "Simply",
  number: "A number",
  flag: "Yes or no",
  choice: "One of a list",
  list: "A list",
  map: "By name",
  either: "One of several",
  other: "Something else",
};

export function showField(form: Form, field: Field, parents: Path): TemplateResult {
  const path = field.name === "" ? parents : [...parents, field.name];
  switch (field.kind) {
    case "group":
      if (path.length > SHOWN_DEPTH) return showFold(form, field, path);
      return html`<fieldset class="set" id=${idOf(path)}>
        <legend>${field.label}</legend>
        ${showNote(field, path)} ${showIssue(form, field, path)} ${field.fields.map((inner) => showField(form, inner, path))}
      </fieldset>`;
    case "either":
      return showEither(form, field, path);
    case "list":
      return showList(form, field, path);
    case "map":
      return showMap(form, field, path);
    default:
      return html`<div class="ask-field">
        <label for=${idOf(path)}>${field.label || "Value"}</label>
        ${showNote(field, path)} ${showControl(form, field, path)} ${showIssue(form, field, path)}
      </div>`;
  }
}

/** A group further in: open when something in it is set, or wrong. */
function showFold(form: Form, field: Extract<Field, { kind: "group" }>, path: Path): TemplateResult {
  const isWrong = [...form.issues.keys()].some((issue) => issue.startsWith(nameOf(path)));
  return html`<details class="set-fold" ?open=${isWrong || readAt(form.saved, path) !== undefined}>
    <summary>${field.label}${field.note ? html`<span class="field-note fold-note">${field.note}</span>` : nothing}</summary>
    <div class="set" id=${idOf(path)}>
      ${showIssue(form, field, path)} ${field.fields.map((inner) => showField(form, inner, path))}
    </div>
  </details>`;
}

function showControl(form: Form, field: Field, path: Path): TemplateResult {
  const value = readAt(form.value, path);
  const id = idOf(path);
  const about = `${id}-note ${id}-issue`;
  const isWrong = issueOf(form, field, path) !== undefined ? "true" : nothing;
  switch (field.kind) {
    case "text":
    case "number": {
      const isNumber = field.kind === "number";
      return html`<input
        id=${id}
        class="field"
        type=${isNumber ? "number" : "text"}
        step=${isNumber && !field.isWhole ? "any" : nothing}
        inputmode=${isNumber ? "decimal" : nothing}
        autocomplete="off"
        spellcheck="false"
        placeholder="Not set"
        aria-describedby=${about}
        aria-invalid=${isWrong}
        ?disabled=${form.isLocked}
        .value=${typed(value === undefined ? "" : String(value))}
        @change=${(event: Event) => form.write(path, readInput(event, isNumber, path))}
      />`;
    }
    case "flag":
    case "choice": {
      const options = field.kind === "flag" ? ["true", "false"] : field.options;
      const name = (option: string) => (field.kind === "flag" ? (option === "true" ? "Yes" : "No") : option);
      return html`<select
        id=${id}
        class="field"
        aria-describedby=${about}
        aria-invalid=${isWrong}
        ?disabled=${form.isLocked}
        @change=${(event: Event) => form.write(path, readSelect(event, field.kind === "flag"))}
      >
        <option value="" .selected=${live(value === undefined)}>Not set</option>
        ${options.map((option) => html`<option value=${option} .selected=${live(String(value) === option)}>${name(option)}</option>`)}
      </select>`;
    }
    default:
      return html`<p id=${id} class="field-note">Change this in the document.</p>`;
  }
}

function showEither(form: Form, field: Extract<Field, { kind: "either" }>, path: Path): TemplateResult {
  const chosen = optionFor(field.options, readAt(form.value, path));
  const option = field.options[chosen];
  const label = `Form of ${field.label}`;
  return html`<fieldset class="set set-plain" id=${`${idOf(path)}-either`}>
    <legend>${field.label}</legend>
    ${showNote(field, path)}
    <div class="choice" role="group" aria-label=${label}>
      ${field.options.map(
        (other, at) => html`<button
          type="button"
          aria-pressed=${at === chosen ? "true" : "false"}
          ?disabled=${form.isLocked}
          @click=${() => at !== chosen && form.write(path, carryOver(readAt(form.value, path), other))}
        >
          ${OPTION_NAMES[other.kind]}
        </button>`,
      )}
    </div>
    ${option?.kind === "group" ? option.fields.map((inner) => showField(form, inner, path)) : nothing}
    ${option && option.kind !== "group" ? html`${showNamed(form, option, path)}${showIssue(form, option, path)}` : showIssue(form, field, path)}
  </fieldset>`;
}

function showNamed(form: Form, option: Field, path: Path): TemplateResult {
  return html`<label class="unseen" for=${idOf(path)}>${option.label}</label>${showControl(form, option, path)}`;
}

/** A model written simply is the first of one written in detail, and the other way round. */
function carryOver(value: unknown, to: Field): unknown {
  if (to.kind === "group") {
    const first = to.fields.find((field) => field.kind === "text" || field.kind === "choice");
    return first ? { [first.name]: typeof value === "string" ? value : "" } : {};
  }
  if (to.kind === "text" && typeof value === "object" && value !== null) {
    return Object.values(value).find((part) => typeof part === "string") ?? "";
  }
  return blankOf(to);
}

function showList(form: Form, field: Extract<Field, { kind: "list" }>, path: Path): TemplateResult {
  const found = readAt(form.value, path);
  const members: unknown[] = Array.isArray(found) ? found : [];
  const isPlain = field.item.kind === "text" || field.item.kind === "choice" || field.item.kind === "number";
  return html`<fieldset class="set set-plain" id=${idOf(path)}>
    <legend>${field.label}</legend>
    ${showNote(field, path)} ${showIssue(form, field, path)}
    ${members.map((_member, at) => {
      const place = [...path, at];
      const name = `${field.label} ${at + 1}`;
      return html`<div class=${isPlain ? "member" : "member member-whole"} role="group" aria-label=${name}>
        ${
          isPlain
            ? html`<div class="ask-field">
                <label class="unseen" for=${idOf(place)}>${name}</label>${showControl(form, field.item, place)}${showIssue(form, field.item, place)}
              </div>`
            : html`<div class="member-body">${showInside(form, field.item, place)}</div>`
        }
        ${removeButton(form, name, place)}
      </div>`;
    })}
    ${
      field.most !== undefined && members.length >= field.most
        ? nothing
        : addButton(form, `Add to ${field.label.toLowerCase()}`, () => form.write(path, [...members, blankOf(field.item)]))
    }
  </fieldset>`;
}

function showMap(form: Form, field: Extract<Field, { kind: "map" }>, path: Path): TemplateResult {
  const found = readAt(form.value, path);
  const names = typeof found === "object" && found !== null ? Object.keys(found) : [];
  const id = idOf(path);
  const add = (event: Event) => {
    const input = event.target instanceof Element ? event.target.closest(".member-new")?.querySelector("input") : undefined;
    const name = input?.value.trim() ?? "";
    if (!input || name === "" || names.includes(name)) return;
    const isFine = field.namePattern === undefined || new RegExp(field.namePattern, "u").test(name);
    input.setCustomValidity(isFine ? "" : "This name does not have the form that is expected here.");
    if (!input.reportValidity()) return;
    input.value = "";
    form.write([...path, name], blankOf(field.item));
  };
  const onEnter = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    add(event);
  };
  return html`<fieldset class="set set-plain" id=${id}>
    <legend>${field.label}</legend>
    ${showNote(field, path)} ${showIssue(form, field, path)}
    ${names.map((name) => {
      const place = [...path, name];
      return html`<div class="member member-whole" role="group" aria-label=${name}>
        <div class="member-body">
          <div class="member-name">${name}</div>
          ${showInside(form, field.item, place)}
        </div>
        ${removeButton(form, name, place)}
      </div>`;
    })}
    <div class="member-new">
      <input
        class="field"
        aria-label=${`Name to add to ${field.label.toLowerCase()}`}
        placeholder="Name"
        autocomplete="off"
        spellcheck="false"
        ?disabled=${form.isLocked}
        @input=${(event: Event) => event.target instanceof HTMLInputElement && event.target.setCustomValidity("")}
        @keydown=${onEnter}
      />
      <button type="button" class="button button-small" ?disabled=${form.isLocked} @click=${add}>${plus} Add</button>
    </div>
  </fieldset>`;
}

/** The fields of a member, without a frame of their own. */
function showInside(form: Form, item: Field, place: Path): TemplateResult {
  if (item.kind === "group")
    return html`${showIssue(form, item, place)}${item.fields.map((inner) => showField(form, inner, place))}`;
  return showField(form, item, place);
}

function addButton(form: Form, name: string, add: () => void): TemplateResult {
  return html`<button type="button" class="button button-small member-add" ?disabled=${form.isLocked} @click=${add}>${plus} ${name}</button>`;
}

function removeButton(form: Form, name: string, place: Path): TemplateResult {
  return html`<button
    type="button"
    class="icon-button"
    aria-label=${`Remove ${name}`}
    title="Remove"
    ?disabled=${form.isLocked}
    @click=${() => form.write(place, undefined)}
  >
    ${cross}
  </button>`;
}

function showNote(field: Field, path: Path): TemplateResult | typeof nothing {
  return field.note ? html`<p class="field-note" id=${`${idOf(path)}-note`}>${field.note}</p>` : nothing;
}

function showIssue(form: Form, field: Field, path: Path): TemplateResult | typeof nothing {
  const issue = issueOf(form, field, path);
  return issue === undefined
    ? nothing
    : html`<p class="field-error" id=${`${idOf(path)}-issue`}><span class="mono">${nameOf(path)}</span>: ${issue}</p>`;
}

function issueOf(form: Form, field: Field, path: Path): string | undefined {
  return form.issues.get(nameOf(path)) ?? checkValue(field, readAt(form.value, path));
}

export function idOf(path: Path): string {
  return `setting-${path.join("-").replace(/[^\w-]/g, "_")}`;
}

/** An empty field is not set; inside a list it stays, so that the others keep their places. */
function readInput(event: Event, isNumber: boolean, path: Path): unknown {
  const text = event.target instanceof HTMLInputElement ? event.target.value.trim() : "";
  if (text === "") return typeof path.at(-1) === "number" ? "" : undefined;
  return isNumber ? Number(text) : text;
}

function readSelect(event: Event, isFlag: boolean): unknown {
  const text = event.target instanceof HTMLSelectElement ? event.target.value : "";
  if (text === "") return undefined;
  return isFlag ? text === "true" : text;
}
