// A form made from a JSON Schema: what it asks for, field by field, and what is wrong with a value before it is sent. Pure.
// A kind of schema that has no field is left to the document beside the form.
export interface JsonSchema {
  type?: string;
  description?: string;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  propertyNames?: JsonSchema;
  required?: readonly string[];
  items?: JsonSchema;
  anyOf?: readonly JsonSchema[];
  enum?: readonly unknown[];
  pattern?: string;
  format?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  maxItems?: number;
}

export type Field = {
  /** Its name in the document; "" for a member of a list. */
  name: string;
  label: string;
  note?: string;
} & (
  | { kind: "group"; fields: readonly Field[] }
  | { kind: "text"; pattern?: string; maxLength?: number }
  | { kind: "number"; isWhole: boolean; min?: number; above?: number; max?: number }
  | { kind: "flag" }
  | { kind: "choice"; options: readonly string[] }
  | { kind: "list"; item: Field; most?: number }
  | { kind: "map"; item: Field; namePattern?: string }
  /** One of several shapes. */
  | { kind: "either"; options: readonly Field[] }
  | { kind: "other" }
);

const ABBREVIATIONS: Readonly<Record<string, string>> = {
  url: "URL",
  api: "API",
  id: "ID",
  usd: "US$",
  ms: "ms",
  ui: "UI",
  env: "variable",
  cpus: "CPUs",
  pids: "PIDs",
  sec: "s",
};
/** Written by editors for themselves. */
const SKIPPED = new Set(["$schema"]);

export function makeForm(schema: JsonSchema): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, part]) => (SKIPPED.has(name) ? [] : [makeField(name, part)]));
}

/** A name of the document as words: `perTurnUsd` is “Per turn US$”. */
export function labelOf(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .split(/[\s_-]+/)
    .map((word) => ABBREVIATIONS[word.toLowerCase()] ?? word.toLowerCase());
  const text = words.join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function makeField(name: string, schema: JsonSchema): Field {
  const own = { name, label: labelOf(name), ...(schema.description ? { note: schema.description } : {}) };
  if (schema.anyOf) return { ...own, kind: "either", options: schema.anyOf.map((option) => makeField(name, option)) };
  const words = schema.enum?.filter((value) => typeof value === "string");
  if (words && words.length > 0) return { ...own, kind: "choice", options: words };
  switch (schema.type) {
    case "string":
      return {
        ...own,
        kind: "text",
        ...(schema.pattern ? { pattern: schema.pattern } : {}),
        ...(schema.maxLength === undefined ? {} : { maxLength: schema.maxLength }),
      };
    case "number":
    case "integer":
      return {
        ...own,
        kind: "number",
        isWhole: schema.type === "integer",
        ...limit("min", schema.minimum),
        ...limit("above", schema.exclusiveMinimum),
        ...limit("max", schema.maximum),
      };
    case "boolean":
      return { ...own, kind: "flag" };
    case "array":
      return {
        ...own,
        kind: "list",
        item: makeField("", schema.items ?? {}),
        ...(schema.maxItems === undefined ? {} : { most: schema.maxItems }),
      };
    case "object":
      return makeObject(own, schema);
    default:
      return { ...own, kind: "other" };
  }
}

function makeObject(own: { name: string; label: string; note?: string }, schema: JsonSchema): Field {
  if (schema.properties) return { ...own, kind: "group", fields: makeForm(schema) };
  if (typeof schema.additionalProperties !== "object") return { ...own, kind: "other" };
  const { pattern } = schema.propertyNames ?? {};
  return { ...own, kind: "map", item: makeField("", schema.additionalProperties), ...(pattern ? { namePattern: pattern } : {}) };
}

/** Whole numbers without limits come with those of the number type: they say nothing to a person. */
function limit<Name extends string>(name: Name, value: number | undefined): { [K in Name]?: number } {
  const isReal = value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  return (isReal ? { [name]: value } : {}) as { [K in Name]?: number };
}

/** Which of several shapes a value has; the first when there is none. */
export function optionFor(options: readonly Field[], value: unknown): number {
  return Math.max(
    0,
    options.findIndex((option) => fits(option, value)),
  );
}

function fits(field: Field, value: unknown): boolean {
  switch (field.kind) {
    case "text":
    case "choice":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "flag":
      return typeof value === "boolean";
    case "list":
      return Array.isArray(value);
    case "group":
    case "map":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "either":
      return field.options.some((option) => fits(option, value));
    case "other":
      return true;
    default:
      return field satisfies never;
  }
}

/** What is wrong with a value, as the end of a sentence; undefined when nothing is, or only the server can tell. */
export function checkValue(field: Field, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (field.kind === "text" && typeof value === "string") {
    if (field.pattern && !new RegExp(field.pattern, "iu").test(value)) return "does not have the form that is expected here";
    if (field.maxLength !== undefined && value.length > field.maxLength) return `has more than ${field.maxLength} characters`;
  }
  if (field.kind === "number" && typeof value === "number") return checkNumber(field, value);
  if (field.kind === "choice" && typeof value === "string" && !field.options.includes(value)) {
    return `must be one of ${field.options.join(", ")}`;
  }
  if (field.kind === "list" && Array.isArray(value) && field.most !== undefined && value.length > field.most) {
    return `has more than ${field.most} members`;
  }
  return undefined;
}

function checkNumber(field: Extract<Field, { kind: "number" }>, value: number): string | undefined {
  if (field.isWhole && !Number.isInteger(value)) return "must be a whole number";
  if (field.above !== undefined && value <= field.above) return `must be more than ${field.above}`;
  if (field.min !== undefined && value < field.min) return `must be at least ${field.min}`;
  if (field.max !== undefined && value > field.max) return `must be at most ${field.max}`;
  return undefined;
}

/** What a new member of a list or map begins as. */
export function blankOf(field: Field): unknown {
  switch (field.kind) {
    case "text":
      return "";
    case "choice":
      return field.options[0] ?? "";
    case "number":
      return field.min ?? 0;
    case "flag":
      return true;
    case "list":
      return [];
    case "group":
    case "map":
    case "other":
      return {};
    case "either":
      return field.options[0] ? blankOf(field.options[0]) : "";
    default:
      return field satisfies never;
  }
}
