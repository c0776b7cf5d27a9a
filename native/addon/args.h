#pragma once
#include <cstdint>
#include <string>

#include "addon/napi_setup.h"

namespace vs {

struct Bytes {
  uint8_t* data;
  size_t size;
};

// Checked access to the arguments of a call. Each getter throws TypeError (ERR_INVALID_ARG_TYPE) or RangeError
// (ERR_OUT_OF_RANGE) that names the argument.
//
// Napi::CallbackInfo is not used: above six arguments it asks for them twice and takes memory for them.
class Args {
 public:
  Args(napi_env env, napi_callback_info info);

  Napi::Env env() const { return env_; }
  // What the function was exported with.
  void* data() const { return data_; }
  // Undefined for an argument that was not given. `index` is below kMost.
  Napi::Value at(size_t index) const { return {env_, values_[index]}; }
  bool IsNull(size_t index) const { return at(index).IsNull() || at(index).IsUndefined(); }

  uint32_t Uint32(size_t index, const char* name, uint32_t max = UINT32_MAX) const;
  int32_t Int32(size_t index, const char* name) const;
  bool Bool(size_t index, const char* name) const;
  Bytes View(size_t index, const char* name) const;  // any ArrayBufferView
  Bytes Uint8Array(size_t index, const char* name) const;
  template <typename T>
  T* TypedArray(size_t index, const char* name, size_t min_length, napi_typedarray_type type) const {
    size_t length;
    void* data = TypedArrayData(index, name, type, length);
    if (length < min_length) ThrowRange(env(), name, "at least " + std::to_string(min_length) + " elements long");
    return static_cast<T*>(data);
  }
  Napi::Function Function(size_t index, const char* name) const;

  [[noreturn]] static void ThrowType(Napi::Env env, const std::string& name, const char* expected);
  [[noreturn]] static void ThrowRange(Napi::Env env, const std::string& name, const std::string& expected);

  // The same checks for a value that may be no argument itself, such as an element of an array.
  static double Number(Napi::Value value, const std::string& name, double min, double max);
  static int64_t Int64(Napi::Value value, const char* name);       // a bigint
  static std::string String(Napi::Value value, const char* name);  // without NUL

 private:
  void* TypedArrayData(size_t index, const char* name, napi_typedarray_type type, size_t& length) const;

  static constexpr size_t kMost = 10;

  napi_env env_;
  void* data_;
  napi_value values_[kMost];
};

// Calls a binding from JavaScript, where its exceptions are thrown.
template <napi_value (*binding)(const Args&)>
napi_value Enter(napi_env env, napi_callback_info info) {
  try {
    return binding(Args(env, info));
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();
    return nullptr;
  }
}

// Makes a binding a function of the addon. `data` is for Args::data.
template <napi_value (*binding)(const Args&)>
void ExportFunction(Napi::Object& exports, const char* name, void* data) {
  napi_value function;
  if (napi_create_function(exports.Env(), name, NAPI_AUTO_LENGTH, Enter<binding>, data, &function) != napi_ok) {
    throw Napi::Error::New(exports.Env());
  }
  exports.Set(name, function);
}

// Makes an error with a code; all errors of the addon have one.
template <typename ErrorType>
ErrorType CodedError(Napi::Env env, const char* code, const std::string& message) {
  ErrorType error = ErrorType::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

}  // namespace vs
