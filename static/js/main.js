/** The only composition root: checks the browser, puts the parts together, gives them to the page. */
import "./ui/chat-app.js";
