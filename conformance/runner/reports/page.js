const verdict = document.getElementById("verdict");
const text = document.getElementById("text");
function show() {
  for (const row of document.querySelectorAll("#cases tbody tr")) {
    const wanted = !verdict.value || row.dataset.verdict === verdict.value;
    row.hidden = !(wanted && row.dataset.text.includes(text.value.trim().toLowerCase()));
  }
}
verdict.addEventListener("change", show);
text.addEventListener("input", show);
