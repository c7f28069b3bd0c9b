// Receipts: printing, and leaving no trail of pages. Without script both pages do all the rest.

const $ = (id) => document.getElementById(id);

$("exit").addEventListener("click", (event) => {
  event.preventDefault();
  document.documentElement.replaceChildren();
  location.replace("about:blank");
});

$("other-language")?.addEventListener("click", (event) => {
  event.preventDefault();
  location.replace(event.currentTarget.href);
});

const print = $("print");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
