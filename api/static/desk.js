// The desk works without this file. It only adds comfort: filling in demo accounts, showing a
// password, counting what is left of a letter, copying a link, putting back what was typed.

for (const account of document.querySelectorAll("[data-email]")) {
  account.addEventListener("click", () => {
    document.getElementById("email").value = account.dataset.email;
    document.getElementById("password").value = account.dataset.password;
    document.querySelector("#sign-in button.strong").focus();
  });
}

for (const peek of document.querySelectorAll("[data-peek]")) {
  const field = document.getElementById(peek.dataset.peek);
  peek.hidden = false;
  peek.addEventListener("click", () => {
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    peek.setAttribute("aria-pressed", String(shown));
  });
}

for (const letter of document.querySelectorAll("[data-left]")) {
  const left = document.getElementById(letter.dataset.left).querySelector("[data-count]");
  const count = () => {
    left.hidden = false;
    const { limit = letter.maxLength, listLimit = limit } = letter.dataset;
    const most = /^•/m.test(letter.value) ? listLimit : limit;
    left.querySelector("[data-number]").textContent = most - letter.value.length;
  };
  letter.addEventListener("input", count);
  if (letter.value) count();
}

for (const copy of document.querySelectorAll("[data-copy]")) {
  const from = document.querySelector("[data-copy-from]");
  copy.hidden = !navigator.clipboard;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(from.textContent);
  });
}

// What an editor types is public words; until it is saved, this tab keeps it. So it outlives a lost
// line, and a session that ended while somebody was writing.
for (const saved of document.querySelectorAll("[data-saved]")) {
  sessionStorage.removeItem(saved.dataset.saved);
  // Loaded again, this address must not throw away what was typed since.
  history.replaceState(null, "", location.pathname);
}
for (const form of document.querySelectorAll("form[data-keep]")) {
  const place = form.dataset.keep;
  const typed = () =>
    Object.fromEntries([...new FormData(form)].filter(([name]) => name !== "csrf"));
  const fresh = JSON.stringify(typed());
  const kept = sessionStorage.getItem(place);
  if ("typed" in form.dataset) {
    sessionStorage.setItem(place, fresh);
  } else if (kept && kept !== fresh) {
    for (const [name, value] of Object.entries(JSON.parse(kept))) {
      if (form.elements[name]) form.elements[name].value = value;
    }
    document.getElementById("put-back").hidden = false;
  }
  form.addEventListener("input", () => sessionStorage.setItem(place, JSON.stringify(typed())));
  document.getElementById("throw-away").addEventListener("click", () => {
    sessionStorage.removeItem(place);
    location.assign(place);
  });
}

// A second press of a slow form must not send it twice.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
