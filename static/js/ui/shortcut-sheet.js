/** The sheet of keys, opened with "?". */
import { DialogView } from "./dialog-view.js";
import { define } from "./view.js";

export class ShortcutSheet extends DialogView {}

define("shortcut-sheet", ShortcutSheet);
