/**
 * `<span ${css({ '--share': 0.4 })}>`: sets properties of an element's style. The page's policy allows no
 * style attributes, which whoever could put markup here would use; properties of the object are no markup.
 */
import { nothing } from 'lit-html';
import { Directive, directive, type ElementPart } from 'lit-html/directive.js';

type Properties = Readonly<Record<string, string | number>>;

class CssDirective extends Directive {
  private set: Properties = {};

  render(_properties: Properties): unknown {
    return nothing;
  }

  override update({ element }: ElementPart, [properties]: [Properties]): unknown {
    const { style } = element as HTMLElement | SVGElement;
    for (const [name, value] of Object.entries(properties)) {
      if (this.set[name] !== value) style.setProperty(name, `${value}`);
    }
    this.set = properties;
    return nothing;
  }
}

export const css = directive(CssDirective);
