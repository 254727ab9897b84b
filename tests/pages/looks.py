"""How the texts of a page look, and which looks axe-core has judged already: so that each is judged once in each theme.

Whether a text can be read against what is behind it depends on how it is drawn, and not on what it says; and to find
out costs nine tenths of all that axe-core does. The twenty-fifth line of a list is drawn like the first, and the
navigation like that of the page before. So every page is asked how each of its texts and links is drawn: by which
elements it is enclosed, their classes, and their colours, letters and place as the browser has computed them, in the
theme that is on. Of a look that axe-core has not judged yet it is given three. What it finds fault with, or could not
decide about (a text that something covers), counts as not judged: it is asked again wherever it stands.
"""

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page

MARK = "data-look"
RULES = ("color-contrast", "link-in-text-block")  # all that colours can break
# A script that follows the theme is told of it with the next frame.
LOOKS = """() => new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(then))).then(() => {
  const drawn = ['color', 'backgroundColor', 'backgroundImage', 'fontSize', 'fontWeight', 'textShadow', 'opacity',
    'filter', 'mixBlendMode', 'position', 'visibility', 'display', 'textDecorationLine', 'webkitTextStrokeWidth'];
  const sum = (text) => {
    let high = 0xdeadbeef, low = 0x41c6ce57;
    for (let place = 0; place < text.length; place++) {
      const letter = text.charCodeAt(place);
      high = Math.imul(high ^ letter, 2654435761);
      low = Math.imul(low ^ letter, 1597334677);
    }
    high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
    low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
    return 4294967296 * (2097151 & low) + (high >>> 0);
  };
  const off = (each) => each && (each.matches(':disabled, [aria-disabled=true]'));
  const spared = new Set([...document.querySelectorAll(':disabled[aria-labelledby], [aria-disabled=true]')]
    .flatMap((each) => (each.getAttribute('aria-labelledby') || '').split(' ')));
  const looks = window.looksOfTexts = new Map();  // of each the rule that judges it, and the elements
  const note = (rule, look, element) => {
    const id = sum(rule + look);
    if (!looks.has(id)) looks.set(id, {rule, elements: []});
    looks.get(id).elements.push(element);
  };
  const flows = (element) => getComputedStyle(element).display === 'inline';
  const inText = (link) => {
    let block = link.parentElement;
    while (block.parentElement && flows(block)) block = block.parentElement;
    return flows(link) && block.textContent.trim().length > link.textContent.trim().length;
  };
  const seen = (element, style) => {  // what is not is left for where it is
    if (style.display === 'contents') return true;
    const place = element.getBoundingClientRect();
    const cutOff = style.overflow !== 'visible' && (place.width <= 1 || place.height <= 1);
    return !cutOff && place.right + scrollX > 0 && place.bottom + scrollY > 0;
  };
  const walk = (element, above) => {
    if (['SCRIPT', 'STYLE', 'TEMPLATE', 'OPTION', 'svg'].includes(element.tagName)) return;
    const style = getComputedStyle(element);
    if (style.display === 'none') return;
    const exempt = off(element) || off(element.control) || spared.has(element.id);
    const look = sum([above, element.tagName, element.getAttribute('class'), exempt,
      ...drawn.map((name) => style[name])].join('|'));
    const field = element.matches('input:not([type=checkbox], [type=radio]), select, textarea');
    const text = [...element.childNodes].map((each) => each.nodeType === 3 ? each.data : '').join('').trim();
    if (seen(element, style)) {
      if (field || /[^\\p{P}]/u.test(text))  // one letter is judged less strictly than a word
        note('color-contrast', look + (field || text.length > 1 ? ' words' : ' letter'), element);
      if (element.matches('a[href], [role=link]') && inText(element)) note('link-in-text-block', look, element);
    }
    for (const each of element.children) walk(each, look);
  };
  walk(document.body, '');
  return [...looks.keys()];
})"""
JUDGED = f"""(asked) => {{
  const all = asked.map((id) => ({{id, ...window.looksOfTexts.get(id)}}));
  const marked = [];
  all.forEach(({{rule, elements}}) => elements.slice(0, 3).forEach((each) => {{
    each.setAttribute('{MARK}', `${{each.getAttribute('{MARK}') || ''}} ${{rule}}`);
    marked.push(each);
  }}));
  const rules = [...new Set(all.map((each) => each.rule))];
  axe.configure({{rules: rules.map((id) => ({{id, selector: `[{MARK}~=${{id}}]`}}))}});
  const wanted = {{runOnly: rules, resultTypes: ['passes', 'violations'], elementRef: true, selectors: false}};
  return axe.run(document, wanted).then(({{passes, violations}}) => {{
    marked.forEach((each) => each.removeAttribute('{MARK}'));
    const among = (found, {{rule, elements}}) => found.some((each) => each.id === rule
      && each.nodes.some((node) => elements.includes(node.element)));
    return {{
      judged: all.filter((each) => among(passes, each) && !among(violations, each)).map((each) => each.id),
      violations: violations.map(({{id, impact, help, nodes}}) =>
        ({{id, impact, help, nodes: nodes.map(({{html}}) => ({{html}}))}})),
    }};
  }});
}}"""
_judged: set[int] = set()  # looks that axe-core has judged in this process, in whichever theme they have these colours


def unreadable(page: Page) -> Iterator[dict[str, Any]]:
    """Tell what axe-core objects to about the colours of a page, in the theme that is on. axe-core is loaded there."""
    if asked := [look for look in page.evaluate(LOOKS) if look not in _judged]:
        said = page.evaluate(JUDGED, asked)
        _judged.update(said["judged"])
        yield from said["violations"]
