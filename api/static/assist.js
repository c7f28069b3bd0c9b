// A walk-in's visit on the desk: it begins, goes on after a reload, ends, and is printed. The chat
// itself is chat.js. This tab keeps the number of the visit, which opens nothing without the session
// that began it; code and one-time secret stand in this page and nowhere else.

const VISIT = "visit";
const SWITCHING = "switching"; // the page is left for the other language, by the same person
const OVER = [401, 403, 404, 419]; // signed out, or no such visit of this session

const $ = (id) => document.getElementById(id);
const chat = $("chat");
const { csrf, chat: chatFile } = $("assist").dataset;
const door = "/assist";
let visit = "";
let leaving = false;

// Storage may be closed: then the visit lasts as long as the page.
function kept(name) {
  try {
    return sessionStorage.getItem(name) || "";
  } catch {
    return "";
  }
}

function keep(name, value) {
  try {
    if (value) sessionStorage.setItem(name, value);
    else sessionStorage.removeItem(name);
  } catch {
    // nothing to do: see above
  }
}

// `keepalive`: the visit's end reaches the server though the page goes away at once.
const call = (path, body) => fetch(`${door}/${path}`, {
  method: "POST",
  headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF": csrf },
  body: JSON.stringify(body),
  keepalive: true,
});

// --- beginning, going on

async function begin() {
  $("unbegun").hidden = true;
  const answer = await call("visits", {}).catch(() => null);
  if (answer && OVER.includes(answer.status)) return over();
  if (!answer || !answer.ok) {
    $("unbegun").hidden = false;
    return $("retry").focus();
  }
  ({ visit } = await answer.json());
  keep(VISIT, visit);
  return goOn();
}

function goOn() {
  $("same").hidden = true;
  chat.hidden = false;
  Object.assign(chat.dataset, { door, visit, csrf });
  return import(chatFile);
}

$("retry").addEventListener("click", begin);
$("go-on").addEventListener("click", goOn);
$("another").addEventListener("click", async () => {
  const before = visit;
  forget();
  $("same").hidden = true;
  await call("end", { visit: before }).catch(() => null);
  await begin();
});

// --- the receipt

function onPaper({ code = "", secret = "" } = {}) {
  $("paper-code").textContent = code;
  $("paper-secret").textContent = secret;
  const full = Boolean(code);
  $("sent").hidden = !full;
  $("print").hidden = !full;
  $("ending-sent").hidden = !full;
  // The other language is another page, and a secret that was drawn is shown once.
  $("other-language").hidden = full;
  document.body.classList.toggle("printable", full);
}

chat.addEventListener("answered", (event) => {
  const { status, clear, receipt } = event.detail;
  if (OVER.includes(status)) {
    event.preventDefault();
    over();
  } else if (receipt) {
    onPaper(receipt);
  } else if (clear) {
    onPaper();
  }
});

$("print").addEventListener("click", () => window.print());

// --- ending

function forget() {
  visit = "";
  keep(VISIT);
  keep(SWITCHING);
  wipe();
}

function wipe() {
  for (const player of document.querySelectorAll("audio")) player.pause();
  $("log").replaceChildren();
  $("text").value = "";
  onPaper();
}

function over() {
  forget();
  if ($("ending").open) $("ending").close();
  chat.hidden = true;
  $("end").hidden = true;
  $("other-language").hidden = true;
  $("closed").hidden = false;
  $("closed").focus();
}

$("end").addEventListener("click", () => {
  $("ending-busy").hidden = $("thinking").hidden;
  $("ending").showModal();
});
$("stay").addEventListener("click", () => $("ending").close());
$("end-now").addEventListener("click", () => {
  leaving = true;
  // The screen is empty before the server has heard: somebody may be coming in.
  if (visit) call("end", { visit }).catch(() => null);
  forget();
  document.body.replaceChildren();
  // This page's place in the browser's history is taken: "back" leads past it.
  location.replace(door);
});

$("other-language").addEventListener("click", (event) => {
  event.preventDefault();
  leaving = true;
  keep(SWITCHING, "yes");
  location.replace(event.currentTarget.href);
});

addEventListener("beforeunload", (event) => {
  if (!leaving && $("paper-secret").textContent) event.preventDefault();
});
addEventListener("pageshow", (event) => {
  // A page that the browser kept whole for "back" shows what was said: load it anew.
  if (event.persisted) location.reload();
});

chat.hidden = true;
visit = kept(VISIT);
const switching = kept(SWITCHING);
keep(SWITCHING);
if (!visit) {
  begin();
} else if (switching) {
  goOn();
} else {
  $("same").hidden = false;
  $("go-on").focus();
}
