/** Small images of all points of the map in one image; it may come later than the map. */
import { thumbnails } from "../api.js";
import { modelName } from "../models.js";
import { useEffect, useState } from "../view.js";

const AGAIN = 1000;

/** @returns {[ImageBitmap|null, string]} the image, and why there is none */
export function useSprite() {
  const [sprite, setSprite] = useState(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    let left = false;
    let kept = null;
    let timer = null;
    const look = async () => {
      try {
        const found = await thumbnails(modelName.value);
        if (left) return found.close();
        kept = found;
        setSprite(found);
      } catch (failed) {
        if (left) return;
        if (failed.status === 409) timer = setTimeout(look, AGAIN);
        else setProblem(failed.message);
      }
    };
    look();
    return () => {
      left = true;
      clearTimeout(timer);
      kept?.close();
    };
  }, []);
  return [sprite, problem];
}
