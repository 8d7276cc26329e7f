/** Which texts are drawn large: a few emoji and nothing else. */

import { onlyEmoji } from "/static/js/ui/text.js";
import { holds, same } from "./claims.js";

const RECOMMENDED = /^\p{RGI_Emoji}$/v; // each sequence by itself: exact, and slow to make
const SHOWN_AS_EMOJI = "\ufe0f";
const TONES = ["🏻", "🏼", "🏽", "🏾", "🏿"];
const JOINED = ["👨‍👩‍👧‍👦", "👩🏻‍❤️‍💋‍👨🏼", "🏳️‍🌈", "👁️‍🗨️", "⛹🏻‍♀️", "⛹️‍♀️", "🏴‍☠️", "🧑‍🦰", "❤️‍🔥", "👩🏿‍🚀", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"];

// Everything of one or two code points that may be one, and keycaps.
function* candidates() {
  const flags = Array.from({ length: 26 }, (_, i) => String.fromCodePoint(0x1f1e6 + i));
  for (let code = 0; code <= 0x1ffff; code += 1) {
    const sign = code < 0xd800 || code > 0xdfff ? String.fromCodePoint(code) : "";
    if (!/^\p{Emoji}$/u.test(sign)) continue;
    yield* [sign, sign + SHOWN_AS_EMOJI, `${sign}${SHOWN_AS_EMOJI}\u20e3`, ...TONES.map((tone) => sign + tone)];
  }
  yield* flags.flatMap((one) => flags.map((other) => one + other));
}

export function every_emoji_that_unicode_recommends_is_one() {
  const signs = [...candidates(), ...JOINED].filter((sign) => RECOMMENDED.test(sign));
  holds(signs.length > 2000, `${signs.length} of them`);
  same(signs.filter((sign) => !onlyEmoji(sign)), []);
}

export function up_to_six_are_with_any_space_between() {
  for (const text of ["🎉", "🎉 🎉\n🎉", " 👍 ", "👩🏻‍❤️‍💋‍👨🏼".repeat(6), "🏴󠁧󠁢󠁥󠁮󠁧󠁿".repeat(6), "🇪🇸".repeat(6)]) holds(onlyEmoji(text), text);
  for (const text of ["🎉".repeat(7), "🇪🇸".repeat(7)]) holds(!onlyEmoji(text), text);
}

export function what_is_shown_as_text_is_not() {
  const texts = ["", " ", "7", "12", "#", "*", `7${SHOWN_AS_EMOJI}`, "7\u20e3", "©", "☝", "❤", "🇪", "a👍", "👍!", "5: 👍", "é", "مرحبا", "你好", "👍\u0301", "\u200d", SHOWN_AS_EMOJI];
  same(texts.filter(onlyEmoji), []);
}
