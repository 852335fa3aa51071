// The names and values of the tokens, from the style sheets of this page.
export interface Token {
  name: string;
  value: string;
}

export function tokens(): Token[] {
  return [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules].flatMap(tokensOf));
}

function tokensOf(rule: CSSRule): Token[] {
  if (rule instanceof CSSStyleRule) {
    if (rule.selectorText !== ":root") return [];
    return Array.from(rule.style)
      .filter((name) => name.startsWith("--"))
      .map((name) => ({ name, value: rule.style.getPropertyValue(name).trim() }));
  }
  return rule instanceof CSSLayerBlockRule ? [...rule.cssRules].flatMap(tokensOf) : [];
}
