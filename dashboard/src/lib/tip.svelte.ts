import type { Attachment } from 'svelte/attachments';

export const TIP_ID = 'tip';

/** The one tooltip of the page: its text and the element that it belongs to. */
class Tip {
  text = $state<string | undefined>();
  anchor = $state.raw<Element | undefined>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  show(anchor: Element, text: string): void {
    clearTimeout(this.#timer);
    this.hideNow();
    this.anchor = anchor;
    this.text = text;
    anchor.setAttribute('aria-describedby', TIP_ID);
  }

  /** A moment later, so that the pointer can move onto the text. */
  hide(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.hideNow(), 150);
  }

  stay(): void {
    clearTimeout(this.#timer);
  }

  hideNow(): void {
    clearTimeout(this.#timer);
    if (this.anchor?.getAttribute('aria-describedby') === TIP_ID) this.anchor.removeAttribute('aria-describedby');
    this.text = undefined;
    this.anchor = undefined;
  }
}

export const shownTip = new Tip();

/** Shows a text while the pointer or the focus is on an element: `<button {@attach tip('Copy')}>`. Escape closes it. */
export function tip(text: string): Attachment<Element> {
  return (element) => {
    const show = () => shownTip.show(element, text);
    const hide = () => shownTip.hide();
    element.addEventListener('pointerenter', show);
    element.addEventListener('focus', show);
    element.addEventListener('pointerleave', hide);
    element.addEventListener('blur', hide);
    return () => {
      if (shownTip.anchor === element) shownTip.hideNow();
      element.removeEventListener('pointerenter', show);
      element.removeEventListener('focus', show);
      element.removeEventListener('pointerleave', hide);
      element.removeEventListener('blur', hide);
    };
  };
}
