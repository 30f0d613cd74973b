// One question about each image, answered by keys or buttons; the answers leave the page as a CSV file.
"use strict";
{
  const root = document.querySelector(".blind"), image = root.querySelector("img"), question = root.querySelector("h2");
  const images = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const bar = root.querySelector("progress"), link = root.querySelector("a[download]");
  const back = root.querySelector("[data-answer='back']"), choices = back.parentElement;
  const answers = [];

  const show = () => {
    const at = answers.length, done = at === images.length;
    bar.value = at;
    back.disabled = !at;
    image.hidden = done;
    for (const part of root.querySelectorAll("[data-done]")) part.hidden = !done;
    for (const button of choices.children) button.hidden = done && button !== back;
    question.textContent = done ? "All are answered." : images[at].question;
    if (!done) { image.src = images[at].src; return; }
    const rows = answers.map((answer, row) => `${images[row].id},${answer}\n`);
    link.href = "data:text/csv;charset=utf-8," + encodeURIComponent("id,answer\n" + rows.join(""));
  };

  const answer = (word) => {
    if (word === "back") answers.pop();
    else if (answers.length < images.length) answers.push(word);
    show();
  };

  choices.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) answer(button.dataset.answer);
  });
  const keys = { y: "yes", n: "no", ArrowLeft: "back", Backspace: "back" };
  addEventListener("keydown", (event) => {
    const word = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!word || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    event.preventDefault();
    answer(word);
  });
  show();
}
