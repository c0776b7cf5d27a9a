#include "addon/args.h"

#include <cmath>

namespace vs {

Args::Args(napi_env env, napi_callback_info info) : env_(env) {
  size_t count = kMost;
  if (napi_get_cb_info(env, info, &count, values_, nullptr, &data_) != napi_ok) throw Napi::Error::New(env);
}

void Args::ThrowType(Napi::Env env, const std::string& name, const char* expected) {
  throw CodedError<Napi::TypeError>(env, "ERR_INVALID_ARG_TYPE", name + " must be " + expected);
}

void Args::ThrowRange(Napi::Env env, const std::string& name, const std::string& expected) {
  throw CodedError<Napi::RangeError>(env, "ERR_OUT_OF_RANGE", name + " must be " + expected);
}

double Args::Number(Napi::Value value, const std::string& name, double min, double max) {
  if (!value.IsNumber()) ThrowType(value.Env(), name, "a number");
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= min && number <= max) || number != std::floor(number)) {
    const auto text = [](double n) { return std::to_string(static_cast<int64_t>(n)); };
    ThrowRange(value.Env(), name, "an integer from " + text(min) + " to " + text(max));
  }
  return number;
}

uint32_t Args::Uint32(size_t index, const char* name, uint32_t max) const {
  // The common case takes one call of Node-API and makes no string of the name.
  double number;
  if (napi_get_value_double(env_, values_[index], &number) == napi_ok && number >= 0 && number <= max) {
    const auto whole = static_cast<uint32_t>(number);
    if (whole == number) return whole;
  }
  return static_cast<uint32_t>(Number(at(index), name, 0, max));
}

int32_t Args::Int32(size_t index, const char* name) const {
  return static_cast<int32_t>(Number(at(index), name, INT32_MIN, INT32_MAX));
}

int64_t Args::Int64(Napi::Value value, const char* name) {
  if (!value.IsBigInt()) ThrowType(value.Env(), name, "a bigint");
  bool lossless;
  const int64_t number = value.As<Napi::BigInt>().Int64Value(&lossless);
  if (!lossless) ThrowRange(value.Env(), name, "a signed 64-bit integer");
  return number;
}

bool Args::Bool(size_t index, const char* name) const {
  if (!at(index).IsBoolean()) ThrowType(env(), name, "a boolean");
  return at(index).As<Napi::Boolean>().Value();
}

std::string Args::String(Napi::Value value, const char* name) {
  if (!value.IsString()) ThrowType(value.Env(), name, "a string");
  std::string text = value.As<Napi::String>().Utf8Value();
  if (text.find('\0') != std::string::npos) ThrowRange(value.Env(), name, "a string without a NUL character");
  return text;
}

Bytes Args::View(size_t index, const char* name) const {
  const Napi::Value value = at(index);
  napi_typedarray_type type;
  size_t length;
  void* data;
  if (napi_get_typedarray_info(env(), value, &type, &length, &data, nullptr, nullptr) == napi_ok) {
    if (data && type != napi_uint8_array) length = value.As<Napi::TypedArray>().ByteLength();
  } else if (!value.IsDataView() || napi_get_dataview_info(env(), value, &length, &data, nullptr, nullptr) != napi_ok) {
    ThrowType(env(), name, "an ArrayBufferView");
  }
  return {static_cast<uint8_t*>(data), data ? length : 0};
}

void* Args::TypedArrayData(size_t index, const char* name, napi_typedarray_type wanted, size_t& length) const {
  napi_typedarray_type type;
  void* data;
  if (napi_get_typedarray_info(env_, values_[index], &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != wanted) {
    ThrowType(env(), name, "a typed array of the right kind");
  }
  return data;
}

Bytes Args::Uint8Array(size_t index, const char* name) const {
  size_t length;
  void* data = TypedArrayData(index, name, napi_uint8_array, length);
  return {static_cast<uint8_t*>(data), data ? length : 0};
}

Napi::Function Args::Function(size_t index, const char* name) const {
  if (!at(index).IsFunction()) ThrowType(env(), name, "a function");
  return at(index).As<Napi::Function>();
}

}  // namespace vs
