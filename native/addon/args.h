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
class Args {
 public:
  explicit Args(const Napi::CallbackInfo& info) : info_(info) {}

  Napi::Env env() const { return info_.Env(); }
  Napi::Value at(size_t index) const { return info_[index]; }
  bool IsNull(size_t index) const { return info_[index].IsNull() || info_[index].IsUndefined(); }

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

  const Napi::CallbackInfo& info_;
};

// Makes an error with a code; all errors of the addon have one.
template <typename ErrorType>
ErrorType CodedError(Napi::Env env, const char* code, const std::string& message) {
  ErrorType error = ErrorType::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

}  // namespace vs
