#include "addon/environment.h"

#include <algorithm>
#include <climits>

#include "core/library.h"
#include "core/log.h"
#include "core/sockets.h"
#include "core/turn.h"
#include "core/wakes.h"

namespace vs {

Environment::Environment(Napi::Env env) : env_(env) {
  const Napi::String name = Napi::String::New(env, "valve-sockets");
  napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, OnRung, &rung_function_);
  napi_async_init(env, nullptr, name, &async_context_);
  UpdateKeepAlive();
  napi_add_env_cleanup_hook(
      env, [](void* self) { static_cast<Environment*>(self)->TearDown(); }, this);
}

Environment::~Environment() { TearDown(); }

void Environment::TearDown() {
  if (torn_down_) return;
  torn_down_ = true;
  udp_.CloseAll();
  DetachLoop();
  UnsubscribeLog(this);
  DestroyOwners(owners_);
  owners_.clear();
  for (; initialize_count_ > 0; initialize_count_--) RemoveUser();
  // Nothing else refers to this doorbell now.
  napi_release_threadsafe_function(rung_function_, napi_tsfn_abort);
  rung_function_ = nullptr;
}

void Environment::RequireRunning() const {
  if (initialize_count_ == 0) {
    throw CodedError<Napi::Error>(env_, "ERR_NOT_INITIALIZED",
                                  "The library is not initialized: call Library.initialize() first");
  }
}

std::string Environment::Initialize(DriverMode wanted, bool any_driver, bool uv_allowed,
                                    const SteamNetworkingIdentity* identity, const SpinOptions& spin) {
  if (torn_down_) return "The environment is ending";
  uv_allowed_ = uv_allowed;
  if (spin.us > 0) spin_.Set(spin);
  const std::string error = AddUser(wanted, any_driver, identity);
  if (!error.empty()) return error;
  initialize_count_++;
  AttachLoop();
  return "";
}

void Environment::Deinitialize() {
  if (initialize_count_ == 0) return;
  if (--initialize_count_ == 0) {
    DetachLoop();
    CloseOwners(owners_);
    spin_.Set({});
  }
  RemoveUser();
}

OwnerId Environment::AddOwner() {
  const OwnerId owner = CreateOwner(this);
  owners_.push_back(owner);
  return owner;
}

void Environment::RemoveOwner(OwnerId owner) {
  const auto found = std::find(owners_.begin(), owners_.end(), owner);
  if (found == owners_.end()) return;
  owners_.erase(found);
  DestroyOwners({owner});
}

void Environment::SetDebugCallback(int level, Napi::Value callback) {
  if (torn_down_) return;
  if (level == 0 || !callback.IsFunction()) {
    debug_callback_.Reset();
    UnsubscribeLog(this);
    return;
  }
  debug_callback_ = Napi::Persistent(callback.As<Napi::Function>());
  SubscribeLog(this, level);
}

void Environment::UpdateKeepAlive() {
  const bool wanted = keep_alive > 0 || rung_;  // what it was rung for has not been delivered
  if (torn_down_ || wanted == referenced_) return;
  referenced_ = wanted;
  if (wanted) {
    napi_ref_threadsafe_function(env_, rung_function_);
  } else {
    napi_unref_threadsafe_function(env_, rung_function_);
  }
}

void Environment::AttachLoop() {
  if (watcher_ || !uv_allowed_ || !GetDriver().AttachLoop(this)) return;
  watcher_ = LoopWatcher::Start(env_, GetDriver().descriptor(), [this] { OnLoopReady(); });
  if (!watcher_) {
    uv_allowed_ = false;
    GetDriver().DetachLoop();
    return;
  }
  watcher_->SetTimer(0);
}

void Environment::DetachLoop() {
  if (!watcher_) return;
  watcher_->Stop();
  watcher_ = nullptr;
  GetDriver().DetachLoop();
  RingAll();  // another environment may attach its loop
}

void Environment::Ring() {
  if (!rung_.exchange(true)) napi_call_threadsafe_function(rung_function_, nullptr, napi_tsfn_nonblocking);
}

void Environment::OnRung(napi_env env, napi_value, void* context, void*) {
  if (!env) return;  // the environment is ending
  auto* self = static_cast<Environment*>(context);
  self->rung_ = false;
  if (self->torn_down_) return;
  if (self->initialize_count_ > 0) self->AttachLoop();
  self->Deliver();
  self->ScheduleNextPoll();
}

void Environment::OnLoopReady() {
  spin_.Woke();
  // A second poll sends what JS answers in the same turn of the loop.
  for (int polls = 0; polls < 2; polls++) {
    const bool polled = GetDriver().PollFromLoop();
    Collect(true, this);
    Deliver();
    if (!polled) return StandBack();
    if (!watcher_ || GetDriver().TimeToNextTimer() > 0) break;
  }
  spin_.Run([this] { return LookForMore(); });
  ScheduleNextPoll();
}

Spin::Look Environment::LookForMore() {
  Driver& driver = GetDriver();
  if (!watcher_) return Spin::Look::End;
  if (!driver.IsReadable() && driver.TimeToNextTimer() > 0) return Spin::Look::Idle;
  if (!driver.PollFromLoop()) return Spin::Look::End;
  Collect(true, this);
  Deliver();
  // A second poll sends what JS answers.
  if (watcher_ && driver.TimeToNextTimer() == 0) driver.PollFromLoop();
  return Spin::Look::Worked;
}

void Environment::ScheduleNextPoll() {
  if (!watcher_) return;
  GetDriver().TakeWake();
  watcher_->Watch(true, false);
  watcher_->SetTimer(GetDriver().TimeToNextPoll());
}

// A silence has ended: a timer of the loop that polls may be too late.
void Environment::LeaveGrid() {
  if (watcher_) {
    watcher_->SetTimer(GetDriver().TimeToNextPoll());
  } else {
    WakePoller();
  }
}

// Another thread polls, and rings when it is done. Until then the descriptor stays readable and timers stay due. If the
// loop went on watching them it would spin (150,000 turns in ten seconds with 5000 connections) on the processor that
// the other thread may need.
void Environment::StandBack() {
  if (!watcher_) return;
  watcher_->Watch(false, false);
  watcher_->SetTimer(INT_MAX);
}

void Environment::Deliver() {
  const std::vector<LogLine> lines = TakeLog(this);
  const std::vector<Woken> woken = TakeWoken(this);
  const std::vector<uint32_t> ready = udp_.TakeReady();
  if (!woken.empty()) GetDriver().EndSilence();  // the caller sets the timer of the loop
  if (!lines.empty() || !woken.empty() || !ready.empty()) {
    InCallbackScope([&] {
      for (const LogLine& line : lines) {
        Call(debug_callback_, {Napi::Number::New(env_, line.type), Napi::String::New(env_, line.message)});
      }
      for (const Woken& one : woken) {
        Call(wake_, {Napi::Number::New(env_, one.owner)});
        CheckForMore(one);
      }
      for (const uint32_t socket : ready) Call(udp_wake_, {Napi::Number::New(env_, socket)});
    });
  }
  UpdateKeepAlive();
}

void Environment::WakeUdp(uint32_t socket) {
  InCallbackScope([&] { Call(udp_wake_, {Napi::Number::New(env_, socket)}); });
}

// Runs `calls`, which call JS. Microtasks and process.nextTick callbacks that they schedule run afterwards.
template <typename Calls>
void Environment::InCallbackScope(Calls calls) {
  Napi::HandleScope handles(env_);
  napi_callback_scope callbacks;
  napi_value resource;
  napi_create_object(env_, &resource);
  napi_open_callback_scope(env_, resource, async_context_, &callbacks);
  calls();
  napi_close_callback_scope(env_, callbacks);
}

void Environment::Call(Napi::FunctionReference& function, std::initializer_list<napi_value> args) {
  if (torn_down_ || function.IsEmpty()) return;
  napi_value undefined, result;
  napi_get_undefined(env_, &undefined);
  const napi_status status = napi_call_function(env_, undefined, function.Value(), args.size(), args.begin(), &result);
  if (status != napi_pending_exception) return;
  napi_value error;
  napi_get_and_clear_last_exception(env_, &error);
  napi_fatal_exception(env_, error);
}

}  // namespace vs
