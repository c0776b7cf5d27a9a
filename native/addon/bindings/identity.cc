// The functions of the addon for our own identity, authentication and certificates.
#include "addon/bindings/bindings.h"
#include "core/library.h"
#include "core/trust.h"

namespace vs::bindings {

namespace {

Napi::Value GetIdentity(Environment& environment, const Args& args) {
  environment.RequireRunning();
  SteamNetworkingIdentity identity;
  if (!Sockets()->GetIdentity(&identity)) return args.env().Null();
  return MakeIdentity(args.env(), identity);
}

Napi::Value ResetIdentity(Environment& environment, const Args& args) {
  environment.RequireRunning();
  SteamNetworkingIdentity identity;
  const bool given = IdentityAt(args, 0, "identity", identity);
  vs::ResetIdentity(given ? &identity : nullptr);
  GetDriver().AwaitPoll();  // the ports are free when this returns
  return args.env().Undefined();
}

Napi::Value IdentityToString(Environment&, const Args& args) {
  SteamNetworkingIdentity identity;
  IdentityAt(args, 0, "identity", identity);
  char text[SteamNetworkingIdentity::k_cchMaxString];
  SteamAPI_SteamNetworkingIdentity_ToString(&identity, text, sizeof text);
  return Napi::String::New(args.env(), text);
}

Napi::Value ParseIdentity(Environment&, const Args& args) {
  const std::string text = Args::String(args.at(0), "text");
  SteamNetworkingIdentity identity;
  if (!SteamAPI_SteamNetworkingIdentity_ParseString(&identity, sizeof identity, text.c_str())) {
    return args.env().Null();
  }
  return MakeIdentity(args.env(), identity);
}

Napi::Value InitAuthentication(Environment& environment, const Args& args) {
  environment.RequireRunning();
  return MakeNumber(args, Sockets()->InitAuthentication());
}

Napi::Value GetAuthenticationStatus(Environment& environment, const Args& args) {
  environment.RequireRunning();
  SteamNetAuthenticationStatus_t details = {};
  Napi::Object out = Napi::Object::New(args.env());
  out.Set("availability", MakeNumber(args, Sockets()->GetAuthenticationStatus(&details)));
  out.Set("debug", Napi::String::New(args.env(), details.m_debugMsg));
  out.Set("hasAuthority", Napi::Boolean::New(args.env(), HasAuthority()));
  return out;
}

// Returns [bytes, ""], or [null, why there is none].
Napi::Value GetCertificateRequest(Environment& environment, const Args& args) {
  environment.RequireRunning();
  char blob[4096];
  int size = sizeof blob;
  SteamNetworkingErrMsg message = {};
  const bool made = Sockets()->GetCertificateRequest(&size, blob, message);
  Napi::Array out = Napi::Array::New(args.env(), 2);
  out[0u] = made ? MakeBytes(args.env(), blob, static_cast<size_t>(size)) : args.env().Null();
  out[1u] = Napi::String::New(args.env(), made ? "" : message);
  return out;
}

// Returns "", or why it was refused.
Napi::Value SetCertificate(Environment& environment, const Args& args) {
  environment.RequireRunning();
  const Bytes certificate = args.View(0, "certificate");
  const bool has_key = !args.IsNull(1);
  const Bytes with_key = has_key ? args.View(1, "withKey") : certificate;
  if (certificate.size > INT32_MAX || with_key.size > INT32_MAX) {
    Args::ThrowRange(args.env(), "certificate", "smaller than 2 GiB");
  }
  const int size = static_cast<int>(certificate.size);
  const std::string error =
      has_key ? SetCertificateAndKey(certificate.data, size, with_key.data, static_cast<int>(with_key.size))
              : vs::SetCertificate(certificate.data, size);
  return Napi::String::New(args.env(), error);
}

// Returns "", or why it is not trusted.
Napi::Value AddCertificateAuthority(Environment& environment, const Args& args) {
  environment.RequireRunning();
  const std::string certificate = Args::String(args.at(0), "certificate");
  return Napi::String::New(args.env(),
                           AddAuthority(certificate, static_cast<uint64_t>(Args::Int64(args.at(1), "keyId"))));
}

}  // namespace

void ExportIdentity(Napi::Object& exports, Environment& environment) {
  Export<GetIdentity>(exports, environment, "getIdentity");
  Export<ResetIdentity>(exports, environment, "resetIdentity");
  Export<IdentityToString>(exports, environment, "identityToString");
  Export<ParseIdentity>(exports, environment, "parseIdentity");
  Export<InitAuthentication>(exports, environment, "initAuthentication");
  Export<GetAuthenticationStatus>(exports, environment, "getAuthenticationStatus");
  Export<GetCertificateRequest>(exports, environment, "getCertificateRequest");
  Export<SetCertificate>(exports, environment, "setCertificate");
  Export<AddCertificateAuthority>(exports, environment, "addCertificateAuthority");
}

}  // namespace vs::bindings
