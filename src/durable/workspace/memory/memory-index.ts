// What memory_search looks in: MEMORY.md, USER.md and memory/**/*.md as passages in an FTS5 table, changed in the same
// transaction as the files. A query is only ever a list of quoted words: no text can become search syntax.
import type { MemoryHit } from "../../../contract/ports/workspace.ts";
import type { Sql } from "../../storage/sql.ts";
import { countStems, cutExcerpt, cutPassages, foldText, listWords, stemsOf } from "./passages.ts";

const MAX_WORDS = 24;
const MAX_QUERY_CHARS = 2000;
const MAX_HITS = 50;
/** Larger notes are indexed up to here. */
const MAX_INDEXED_BYTES = 1024 * 1024;
const HALF_LIFE_MS = 30 * 24 * 60 * 60 * 1000;
/** Part of the score that age never takes: an old note that fits well stays findable. */
const AGELESS = 0.5;

interface Candidate {
  path: string;
  line: number;
  last_line: number;
  text: string;
  rank: number;
}

export class MemoryIndex {
  readonly #sql: Sql;
  readonly #now: () => number;

  constructor(sql: Sql, now: () => number) {
    this.#sql = sql;
    this.#now = now;
  }

  /** Takes in a changed file; call it in the transaction of the change. */
  update(path: string, bytes?: Uint8Array): void {
    if (!isMemoryPath(path)) return;
    for (const old of this.#sql.all<{ id: number }>("SELECT id FROM memory_passages WHERE path = ?", path)) {
      this.#sql.run("DELETE FROM memory_words WHERE rowid = ?", old.id);
      this.#sql.run("DELETE FROM memory_passages WHERE id = ?", old.id);
    }
    if (!bytes) return;
    const title = listWords(path.replace(/\.md$/i, "")).join(" ");
    for (const passage of cutPassages(new TextDecoder().decode(bytes.subarray(0, MAX_INDEXED_BYTES)))) {
      const row = this.#sql.one<{ id: number }>(
        "INSERT INTO memory_passages (path, line, last_line, text) VALUES (?, ?, ?, ?) RETURNING id",
        path,
        passage.line,
        passage.lastLine,
        passage.text,
      );
      if (row)
        this.#sql.run(
          "INSERT INTO memory_words (rowid, title, text) VALUES (?, ?, ?)",
          row.id,
          title,
          listWords(passage.text).join(" "),
        );
    }
  }

  /** The passages that fit best, best first; scores are between 0 and 1. */
  search(query: string, limit: number): MemoryHit[] {
    const words = [...new Set(listWords(query.slice(0, MAX_QUERY_CHARS)))].slice(0, MAX_WORDS);
    const wanted = Math.min(Math.max(Math.trunc(limit) || 0, 1), MAX_HITS);
    if (words.length === 0) return [];
    let candidates = this.#match(words.map((word) => `"${word}"`).join(" OR "), wanted);
    if (candidates.length < wanted) {
      const openEnded = words.map((word) => (word.length >= 4 ? `"${word}" *` : `"${word}"`)).join(" OR ");
      candidates = this.#match(openEnded, wanted);
    }
    const stems = stemsOf(words);
    const best = Math.max(...candidates.map((candidate) => -candidate.rank), Number.MIN_VALUE);
    const hits = candidates.map((candidate) => ({
      candidate,
      score:
        (0.5 * (-candidate.rank / best) +
          (0.5 * countStems(foldText(`${candidate.path} ${candidate.text}`), stems)) / stems.length) *
        this.#freshness(candidate.path),
    }));
    hits.sort((a, b) => b.score - a.score || (a.candidate.path < b.candidate.path ? -1 : 1));
    // Passages overlap: one that repeats a better one comes only when there is room left.
    const chosen: typeof hits = [];
    const repeats: typeof hits = [];
    for (const hit of hits) {
      const isRepeat = chosen.some((other) => isOverlapping(other.candidate, hit.candidate));
      (isRepeat ? repeats : chosen).push(hit);
    }
    const shown = [...chosen.slice(0, wanted), ...repeats].slice(0, wanted).sort((a, b) => b.score - a.score);
    return shown.map(({ candidate, score }) => {
      const { path, line, last_line: lastLine, text } = candidate;
      return { path, ...cutExcerpt({ line, lastLine, text }, stems), score: Math.round(score * 1000) / 1000 };
    });
  }

  #match(expression: string, wanted: number): Candidate[] {
    return this.#sql.all<Candidate>(
      `SELECT p.path, p.line, p.last_line, p.text, found.rank FROM
       (SELECT rowid, bm25(memory_words, 1.5, 1.0) AS rank FROM memory_words WHERE memory_words MATCH ? ORDER BY rank LIMIT ?) AS found
       JOIN memory_passages AS p ON p.id = found.rowid ORDER BY found.rank`,
      expression,
      wanted * 4,
    );
  }

  /** 1 for undated notes; a dated one loses half of what age can take in thirty days. */
  #freshness(path: string): number {
    const day = /(?:^|\/)(\d{4}-\d{2}-\d{2})[^/]*\.md$/.exec(path)?.[1];
    const writtenAt = day === undefined ? Number.NaN : Date.parse(`${day}T12:00:00Z`);
    if (Number.isNaN(writtenAt)) return 1;
    const ageMs = Math.max(0, this.#now() - writtenAt);
    return AGELESS + (1 - AGELESS) * 0.5 ** (ageMs / HALF_LIFE_MS);
  }
}

function isMemoryPath(path: string): boolean {
  return path === "MEMORY.md" || path === "USER.md" || (path.startsWith("memory/") && path.toLowerCase().endsWith(".md"));
}

function isOverlapping(a: Candidate, b: Candidate): boolean {
  return a.path === b.path && a.line <= b.last_line && b.line <= a.last_line;
}
