// What every page does: keys, palette, toasts, dialogs, menus. Small modules, no framework, nothing evaluated.
import "./menus.js";
import "./toasts.js";
import "./confirm.js";
import "./palette.js";
import "./keys.js";
import "./forms.js";
