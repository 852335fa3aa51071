// Five pages as they are met on the web, by shape and size: an article, a shop's list, results of a search, a table of figures, a
// mailbox. Made here, so that every run reads the same ones.

const WORDS =
  "the harbour was quiet when a boat came in with rope and tar for the yard whose keeper had waited since morning".split(" ");

function prose(seed: number, words: number): string {
  return Array.from({ length: words }, (_, place) => WORDS[(seed * 7 + place * place + place) % WORDS.length]).join(" ");
}

function many(count: number, make: (place: number) => string): string {
  return Array.from({ length: count }, (_, place) => make(place)).join("\n");
}

const links = (count: number) => many(count, (place) => `<li><a href="/${place}">${prose(place, 2)}</a></li>`);
const shell = (title: string, body: string) => `<!doctype html><html lang="en"><title>${title}</title>
<header><a href="/">Home</a><nav><ul>${links(24)}</ul></nav><form role="search"><input aria-label="Search"><button>Search</button></form></header>
<main><h1>${title}</h1>${body}</main>
<footer><ul>${links(40)}</ul><p>${prose(3, 40)}</p></footer></html>`;

export const PAGE_SHAPES: Record<string, string> = {
  article: shell(
    "An article",
    many(
      40,
      (place) =>
        `${place % 8 === 0 ? `<h2>${prose(place, 4)}</h2>` : ""}<p>${prose(place, 70)} <a href="/note/${place}">${prose(place, 3)}</a> ${prose(place + 1, 25)}</p>`,
    ),
  ),
  "shop list": shell(
    "A shop",
    `<aside>${many(30, (place) => `<label><input type="checkbox"> ${prose(place, 2)}</label>`)}</aside>
    ${many(60, (place) => `<article><a href="/item/${place}"><img alt="${prose(place, 3)}"><h3>${prose(place, 6)}</h3></a><span>4.${place % 10} of 5</span> <b>${place},99</b><div><span><button>Add to cart</button></span><button aria-label="Remember"></button></div></article>`)}`,
  ),
  "search results": shell(
    "Results",
    many(
      20,
      (place) =>
        `<div><div><a href="https://example.com/${place}"><h3>${prose(place, 7)}</h3><cite>example.com › ${place}</cite></a></div><div><span>${prose(place, 28)}</span></div></div>`,
    ) + many(8, (place) => `<a href="/search?page=${place}">${place}</a>`),
  ),
  "table of figures": shell(
    "Figures",
    `<table><thead><tr>${many(8, (place) => `<th>${prose(place, 1)} ${place}</th>`)}</tr></thead><tbody>${many(150, (row) => `<tr>${many(8, (place) => `<td>${(row * 37 + place * 11) % 1000}.${place}</td>`)}</tr>`)}</tbody></table>`,
  ),
  mailbox: shell(
    "Mail",
    `<div role="toolbar">${many(12, (place) => `<button>${prose(place, 1)} ${place}</button>`)}</div>
    <div role="grid">${many(50, (row) => `<div role="row" tabindex="-1"><span role="gridcell"><input type="checkbox" aria-label="Select"></span><span role="gridcell">${prose(row, 2)}</span><span role="gridcell"><a href="/mail/${row}">${prose(row, 6)}</a> – ${prose(row + 2, 14)}</span><span role="gridcell">${row % 28} Nov</span></div>`)}</div>`,
  ),
};
