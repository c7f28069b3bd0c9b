// The desk works without this file. It only adds comfort: filling in demo accounts, showing a
// password, counting what is left of a letter, copying a link.

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
    left.querySelector("[data-number]").textContent = letter.maxLength - letter.value.length;
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
