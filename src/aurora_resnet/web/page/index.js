// The page of words, whose recordings go to its server.

import { askModel, askWord } from "./server.js";
import { startWords } from "./words.js";

startWords({ loadModel: askModel, recognize: askWord });
