//! A realistic plan of any size, the same for the same arguments: for programs and measurements that need one.

use std::io::{self, Write};

/// Bytes of one resource in all its three places, about.
#[allow(
    dead_code,
    reason = "not every program that includes this thinks in bytes"
)]
pub(crate) const BYTES_EACH: u64 = 4_280;

/// What the plan was made by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `terraform plan`.
    Normal,
    /// `terraform plan -refresh-only`: no changes of the configuration.
    #[allow(dead_code, reason = "not every program that includes this makes both")]
    RefreshOnly,
}

/// A plan to write.
#[derive(Debug)]
pub(crate) struct Plan {
    kind: Kind,
    resources: u64,
    every: u64,
    drift: u64,
    seed: u64,
}

impl Plan {
    /// A plan with so many resources, of which so many drifted, spread evenly.
    pub(crate) fn new(kind: Kind, resources: u64, drift: u64, seed: u64) -> Self {
        Self {
            kind,
            resources,
            every: (resources / drift.clamp(1, resources)).max(1),
            drift: drift.min(resources),
            seed,
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// What writing says.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        write!(
            out,
            r#"{{"format_version":"1.2","terraform_version":"1.11.4","#
        )?;
        write!(out, r#""planned_values":{{"root_module":{{"resources":["#)?;
        self.each(out, |out, i| self.state(out, i, false))?;
        write!(out, r#"]}}}},"resource_drift":["#)?;
        for n in 0..self.drift {
            let i = n * self.every;
            write!(out, "{}{}", if n == 0 { "" } else { "," }, self.head(i))?;
            write!(
                out,
                r#","change":{{"actions":["update"],"before":{},"after":{},{}}}}}"#,
                self.values(i, false),
                self.values(i, true),
                self.marks(i)
            )?;
        }
        if self.kind == Kind::Normal {
            self.changes(out)?;
        }
        write!(
            out,
            r#"],"prior_state":{{"format_version":"1.0","values":{{"root_module":{{"resources":["#
        )?;
        self.each(out, |out, i| self.state(out, i, self.drifted(i)))?;
        write!(out, r#"]}}}}}},"configuration":{{"root_module":{{}}}},"#)?;
        writeln!(
            out,
            r#""timestamp":"2026-11-22T08:00:00Z","applyable":true,"complete":true,"errored":false}}"#
        )?;
        out.flush()
    }

    fn changes(&self, out: &mut impl Write) -> io::Result<()> {
        write!(out, r#"],"resource_changes":["#)?;
        self.each(out, |out, i| {
            let drifted = self.drifted(i);
            let action = if drifted { "update" } else { "no-op" };
            write!(
                out,
                r#"{},"change":{{"actions":["{action}"],"before":{},"after":{},{}}}}}"#,
                self.head(i),
                self.values(i, drifted),
                self.values(i, false),
                self.marks(i)
            )
        })
    }

    fn each<W: Write>(
        &self,
        out: &mut W,
        write: impl Fn(&mut W, u64) -> io::Result<()>,
    ) -> io::Result<()> {
        for i in 0..self.resources {
            if i > 0 {
                out.write_all(b",")?;
            }
            write(out, i)?;
        }
        Ok(())
    }

    fn drifted(&self, i: u64) -> bool {
        i.is_multiple_of(self.every) && i / self.every < self.drift
    }

    /// A number that looks random and is the same each time (splitmix64).
    fn noise(&self, i: u64, salt: u64) -> u64 {
        let mut z = (i ^ self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .wrapping_add(salt.wrapping_mul(0xbf58_476d_1ce4_e5b9));
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn is_database(&self, i: u64) -> bool {
        i % 5 == 3
    }

    fn head(&self, i: u64) -> String {
        let kind = if self.is_database(i) {
            "aws_db_instance"
        } else {
            "aws_instance"
        };
        let module = format!(r#"module.svc[\"svc-{:05}\"]"#, i / 20);
        format!(
            r#"{{"address":"{module}.{kind}.node[\"{i:07}\"]","module_address":"{module}","mode":"managed","type":"{kind}","name":"node","index":"{i:07}","provider_name":"registry.terraform.io/hashicorp/aws""#
        )
    }

    fn state(&self, out: &mut impl Write, i: u64, drifted: bool) -> io::Result<()> {
        let marks = if self.is_database(i) {
            r#"{"password":true,"tags":{}}"#
        } else {
            r#"{"tags":{}}"#
        };
        write!(
            out,
            r#"{},"schema_version":1,"values":{},"sensitive_values":{marks}}}"#,
            self.head(i),
            self.values(i, drifted)
        )
    }

    fn values(&self, i: u64, drifted: bool) -> String {
        let (a, b) = (self.noise(i, 1), self.noise(i, 2));
        let size = if drifted { "c5.4xlarge" } else { "t3.micro" };
        let password = if self.is_database(i) {
            format!(r#""password":"pw-{:016x}","#, self.noise(i, 3))
        } else {
            String::new()
        };
        format!(
            concat!(
                r#"{{"ami":"ami-{a:016x}","arn":"arn:aws:ec2:eu-west-1:123456789012:instance/i-{b:016x}","availability_zone":"eu-west-1a","#,
                r#""cpu_core_count":{cores},"ebs_block_device":[{{"device_name":"/dev/sdb","encrypted":true,"volume_size":{gib}}},"#,
                r#"{{"device_name":"/dev/sdc","encrypted":false,"volume_size":200}}],"ebs_optimized":false,"iam_instance_profile":null,"#,
                r#""id":"i-{b:016x}","instance_type":"{size}","metadata_options":[{{"http_endpoint":"enabled","http_tokens":"required"}}],"#,
                r#""monitoring":{drifted},{password}"private_ip":"10.{x}.{y}.4","region":"eu-west-1","tags":{{"Name":"node-{i}","env":"prod","owner":"team-{x}"}},"#,
                r#""user_data":"#,
                "\"#!/bin/sh\\necho \\\"hello \\u003c\\u0026\\u003e world\\\"\\nexec /opt/agent --id {b:016x}\\n\",",
                r#""vpc_security_group_ids":["sg-{a:08x}","sg-{b:08x}"]}}"#
            ),
            a = a,
            b = b,
            cores = a % 8 + 1,
            gib = b % 500,
            size = size,
            drifted = drifted,
            password = password,
            x = a % 250,
            y = b % 250,
            i = i,
        )
    }

    fn marks(&self, i: u64) -> String {
        let one = if self.is_database(i) {
            r#"{"ebs_block_device":[{},{}],"password":true,"tags":{},"vpc_security_group_ids":[false,false]}"#
        } else {
            r#"{"ebs_block_device":[{},{}],"tags":{},"vpc_security_group_ids":[false,false]}"#
        };
        format!(r#""after_unknown":{{}},"before_sensitive":{one},"after_sensitive":{one}"#)
    }
}
