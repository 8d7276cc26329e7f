/** Instead of main.js: the scene that the address asks for. */
import "/static/js/ui/chat-app.js";
import { FakeMessenger } from "/preview/fake-messenger.js";

const query = new URLSearchParams(location.search);
const scene = query.get("scene") ?? "open";
const app = document.querySelector("chat-app");
const messenger = new FakeMessenger(scene, Number(query.get("many") ?? 0));
window.fake = messenger;
if (query.has("due")) messenger.file.due = query.get("due");

if (scene === "insecure" || scene === "unsupported") app.show(scene);
else if (scene !== "loading") app.start(messenger);
