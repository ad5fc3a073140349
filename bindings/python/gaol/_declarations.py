"""The functions of the library that are used, as include/gaol.h declares them."""

# H: a handle; S: a string; B: a string for gaol_free; I, U, Z, L: int,
# unsigned, size_t, int64_t; P: a pointer to anything; E: gaol_error **, left to be filled in by _call. The result comes first.
FUNCTIONS = """
version S; free IP
error_code IH; error_errno IH; error_message SH; error_step SH; error_operation SH; error_path SH; error_hint SH; error_file SH
error_line IH; error_key SH; error_unsupported IHZP; error_free IH
profile_new H; profile_load HSE; profile_parse HSSZE; profile_allow IHU; profile_allow_path IHUUS; profile_deny_path IHUUS
profile_allow_address IHUUSI; profile_allow_ipc IHU; profile_allow_name IHUS; profile_map IHSSU; profile_set_on_denied IHU
profile_set_env IHSS; profile_pass_env IHS; profile_set_dir IHS; profile_set_engine IHU; profile_limit IHP; profile_add IHH; profile_check IHE
profile_toml BHE; profile_operation BHZ; profile_free IH
host_probe HE; host_system SH; host_check IHZP; host_engine IHZ; host_support IHHZUP; host_free IH
sandbox_new HHE; sandbox_explain BH; sandbox_report HHE; sandbox_free IH
cmd_new HHP; cmd_set_program IHS; cmd_set_env IHP; cmd_set_dir IHS; cmd_set_stdio IHIUI; cmd_pass_fd IHII; cmd_set_limits IHP; cmd_set_umask IHI
cmd_set_credential IHP; cmd_check IHE; cmd_start IHE; cmd_wait IHPE; cmd_wait_timeout IHLPE; cmd_poll_fd IH; cmd_pid IH
cmd_signal IHI; cmd_kill IH; cmd_report HHE; cmd_free IH
report_engine SH; report_mechanism SHZ; report_enforced IHZP; report_gap IHZP; report_denial IHZP; report_ending IHP; report_usage IHP
report_free IH
"""
