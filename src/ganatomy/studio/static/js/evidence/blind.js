/** The blind sheet: a person answers whether an attribute is in each image, and is compared with the classifiers. */
import * as api from "../api.js";
import { tabKeys } from "../keys.js";
import { html, useEffect, useRef, useState } from "../view.js";

export function Blind({ model, onClose }) {
  const [questions, setQuestions] = useState(null);
  const [answers, setAnswers] = useState([]);
  const [lines, setLines] = useState(null);
  const [problem, setProblem] = useState("");
  const at = answers.length, done = questions !== null && at === questions.length;
  const failed = ({ message }) => setProblem(message);
  useEffect(() => { api.blindSheet(model).then(setQuestions, failed); }, [model]);
  useEffect(() => {
    if (done) api.compareAnswers(model, questions.map(({ id }, row) => ({ id, yes: answers[row] }))).then(setLines, failed);
  }, [done]);

  const answer = (yes) => { if (questions && !done) setAnswers([...answers, yes]); };
  const back = () => { if (!done) setAnswers(answers.slice(0, -1)); };
  const place = useRef(null);
  useEffect(() => { place.current?.scrollIntoView({ block: "nearest" }); }, [questions]);
  const latest = useRef({});
  latest.current = { y: () => answer(true), n: () => answer(false), ArrowLeft: back };
  useEffect(() => {
    tabKeys.current = Object.fromEntries(["y", "n", "ArrowLeft"].map((key) => [key, () => latest.current[key]()]));
    return () => { tabKeys.current = {}; };
  }, []);

  return html`
    <div class="blind" ref=${place}>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      ${lines ? html`
        <h3>Compared with the classifiers</h3>
        <ul class="plain-list">${lines.map((line) => html`<li>${line}</li>`)}</ul>`
        : done ? html`<p class="quiet">Comparing …</p>`
          : questions && html`<${Question} ...${questions[at]} at=${at} count=${questions.length} onAnswer=${answer} onBack=${back} />`}
      <button class="plain" onClick=${onClose}>${lines ? "Close" : "Stop"}</button>
    </div>`;
}

const Question = ({ question, src, at, count, onAnswer, onBack }) => html`
  <progress max=${count} value=${at} aria-label=${`${at} of ${count} answered`}></progress>
  <img src=${src} alt="The image that the question is about" />
  <h3 aria-live="polite">${question}</h3>
  <div class="answers" role="group" aria-label="Answer">
    <button onClick=${() => onAnswer(true)}>Yes <kbd>Y</kbd></button>
    <button onClick=${() => onAnswer(false)}>No <kbd>N</kbd></button>
    <button class="plain" disabled=${at === 0} onClick=${onBack}>Back <kbd>←</kbd></button>
  </div>`;
