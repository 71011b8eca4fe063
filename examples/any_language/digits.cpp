// Recognise words or strings of digits with the exported files in C++: networks, word search and decisions are graphs.
//
//     apt install libonnxruntime-dev
//     g++ -std=c++17 -O2 digits.cpp -I/usr/include/onnxruntime -lonnxruntime -o digits
//     ./digits graphs compact.onnx seven.s16 one.s16
//     ./digits graphs string_net.onnx number.s16
//
// `graphs` is the folder that vectors.py wrote. Recordings are 16-bit samples at 8 kHz, without a header. Prints a line for each:
// the words, the confidence, and whether to believe it.
#include <onnxruntime_cxx_api.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <limits>
#include <regex>
#include <string>
#include <vector>

const Ort::MemoryInfo memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);

// A tensor of values that stay the caller's; without a shape it is a single number.
template <typename T>
Ort::Value tensor(T* values, std::vector<int64_t> shape = {}) {
  size_t size = 1;
  for (int64_t each : shape) size *= each;
  return Ort::Value::CreateTensor<T>(memory, values, size, shape.data(), shape.size());
}

struct Graph {
  Ort::Session session;

  Graph(Ort::Env& env, const std::string& path) : session(env, path.c_str(), Ort::SessionOptions()) {}

  std::vector<Ort::Value> run(std::vector<const char*> inputs, const std::vector<Ort::Value>& values, std::vector<const char*> outputs) {
    return session.Run(Ort::RunOptions(), inputs.data(), values.data(), inputs.size(), outputs.data(), outputs.size());
  }
};

// What the file says of its model: JSON in the metadata.
struct Facts {
  std::string text;
  std::vector<std::string> words;

  explicit Facts(Ort::Session& session) {
    Ort::AllocatorWithDefaultOptions allocator;
    text = session.GetModelMetadata().LookupCustomMetadataMapAllocated("aurora_resnet", allocator).get();
    std::smatch found;
    std::regex_search(text, found, std::regex("\"words\": \\[([^\\]]*)\\]"));
    const std::string list = found[1];
    const std::regex word("\"([^\"]*)\"");
    for (std::sregex_iterator each(list.begin(), list.end(), word), end; each != end; ++each) words.push_back((*each)[1]);
  }

  float number(const std::string& name, float otherwise) const {
    std::smatch found;
    return std::regex_search(text, found, std::regex("\"" + name + "\": (-?[0-9.e+-]+)")) ? std::stof(found[1]) : otherwise;
  }
};

std::vector<float> samples(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> bytes((std::istreambuf_iterator<char>(file)), {});
  const auto* values = reinterpret_cast<const int16_t*>(bytes.data());
  std::vector<float> found(bytes.size() / 2);
  for (size_t i = 0; i < found.size(); ++i) found[i] = values[i] / 32768.0f;
  return found;
}

int main(int count, char** arguments) {
  if (count < 4) return std::fprintf(stderr, "usage: digits GRAPHS MODEL.onnx RECORDING.s16 ...\n"), 2;
  Ort::Env env;
  const std::string graphs = std::string(arguments[1]) + "/";
  Graph network(env, arguments[2]), search(env, graphs + "word_search.onnx"), word(env, graphs + "word_decision.onnx"),
      string(env, graphs + "string_decision.onnx");
  const Facts facts(network.session);
  float threshold = facts.number("threshold", std::numeric_limits<float>::infinity()), temperature = facts.number("temperature", 1);

  for (int i = 3; i < count; ++i) {
    std::vector<float> sound = samples(arguments[i]);
    std::vector<Ort::Value> inputs, decided;
    std::string said;
    if (facts.number("state_size", 0) == 0) {  // single words
      const std::vector<int64_t> shape{static_cast<int64_t>(sound.size())};
      inputs.push_back(tensor(sound.data(), shape));
      inputs.push_back(tensor(sound.data(), shape));  // tones would be removed from this one
      auto clip = search.run({"recording", "clean"}, inputs, {"waveform", "clipped"});
      auto logits = network.run({"waveform"}, clip, {"logits"});
      clip.push_back(std::move(logits[0]));
      for (float* each : {&temperature, &threshold}) clip.push_back(tensor(each));
      decided = word.run({"waveform", "clipped", "logits", "temperature", "threshold"}, clip, {"confidence", "accepted", "word"});
      said = facts.words[*decided[2].GetTensorData<int64_t>()];
    } else {
      const int64_t step = facts.number("step_samples", 0), size = facts.number("state_size", 0), frames = (sound.size() + step - 1) / step;
      int64_t words = facts.words.size();
      float weight = facts.number("other_weight", 1);
      sound.resize(frames * step);
      std::vector<float> state(size), shares;
      inputs.push_back(tensor(sound.data(), {1, step}));
      inputs.push_back(tensor(state.data(), {1, size}));
      for (int64_t at = 0; at < frames; ++at) {  // step by step, as a stream comes
        inputs[0] = tensor(sound.data() + at * step, {1, step});
        auto after = network.run({"waveform", "state"}, inputs, {"probabilities", "state_after"});
        inputs[1] = std::move(after[1]);
        const float* frame = after[0].GetTensorData<float>();
        shares.insert(shares.end(), frame, frame + after[0].GetTensorTypeAndShapeInfo().GetElementCount());
      }
      inputs.clear();
      inputs.push_back(tensor(shares.data(), {frames, static_cast<int64_t>(shares.size()) / frames}));
      inputs.push_back(tensor(&words));
      for (float* each : {&weight, &temperature, &threshold}) inputs.push_back(tensor(each));
      decided = string.run({"probabilities", "words", "other_weight", "temperature", "threshold"}, inputs, {"confidence", "accepted", "string"});
      const int64_t* found = decided[2].GetTensorData<int64_t>();
      for (size_t at = 0; at < decided[2].GetTensorTypeAndShapeInfo().GetElementCount(); ++at) said += (at ? " " : "") + facts.words[found[at]];
    }
    std::printf("%s\t%.4f\t%s\n", said.c_str(), *decided[0].GetTensorData<float>(), *decided[1].GetTensorData<bool>() ? "accepted" : "rejected");
  }
}
